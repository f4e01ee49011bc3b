// What a record says, in plain words: what was promised, each round and why it began, what happened. Only of a record that holds.
const WHY = {
  first: '首次确定顺序',
  widened: '原名单已全部用尽，扩大地区',
  aborted: '上一轮中止，重新开始',
};
const ENDS = {
  exhausted: '名单已用尽', too_late: '临近集合时间，不再通知', force_ended: '强制结束', declined: '有原专家不参评',
};
const GIVEN_UP = {
  project_stopped: '招标项目终止', replanned: '评标时间或地点变更', no_experts: '专家不足', mistaken: '填写有误', other: '其他',
};
const clock = new Intl.DateTimeFormat('zh-CN', { timeZone: 'Asia/Shanghai', month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit',
  hour12: false });
const time = (text) => clock.format(new Date(text.slice(0, 23) + 'Z'));
const span = (seconds) => (seconds % 3600 ? `${Math.round(seconds / 60)}分钟` : `${seconds / 3600}小时`);

/** Sections of sentences: `{title, lines}`. `words` are the page's names of outcomes, skips, roles. */
export function story({ log }, words) {
  const of = (act) => log.filter((entry) => entry.act === act);
  const rounds = of('round_opened');
  const [follows] = of('follows');
  const sections = [{ title: '事先承诺了什么', lines: [...origin(follows), ...promises(rounds[0], words)] }];
  if (rounds.length) sections.push({ title: `确定顺序：共${rounds.length}轮`, lines: rounds.map((round) => toldRound(round, log, words)) });
  sections.push({ title: '后来发生了什么', lines: happened(of, words) });
  return sections.filter((section) => section.lines.length);
}

function origin(follows) {
  if (!follows) return [];
  const before = follows.redraws ? `同一项目此前已重新抽取${follows.redraws}次。` : '';
  if (follows.kind === 'recall') return [`通知原活动${follows.original}的原专家评标，不重新抽取，没有随机顺序。`];
  return [`这是原活动${follows.original}的重新抽取，原活动的专家一律回避。${before}`];
}

function promises(round, { roles }) {
  if (!round) return [];
  const { lead, start_within: start, aborts, widenings } = round.limits;
  const parties = ['系统', ...round.roles.map((role) => roles[role] ?? role)];
  return [
    ...round.conditions.map(toldCondition),
    `由${parties.join('、')}各出一个随机数，先锁定、后公开，共同决定顺序。`,
    `顺序确定后${span(start)}内开始通知；距集合不足${span(lead)}不再通知新的专家。`,
    `公开之前最多中止${aborts}轮；名单用尽后最多扩大地区${widenings}次。`,
  ];
}

function toldCondition({ no, planned, specialty, alternative, regions, gathering }) {
  const spare = alternative ? `，备选专业${alternative}` : '';
  return `条件${no}：抽取${planned}人，专业${specialty}${spare}，地区${regions.join('、')}，${time(gathering)}集合。`;
}

function toldRound(round, log, { roles }) {
  const end = log.find((entry) => entry.round === round.round && ['seed_fixed', 'round_aborted'].includes(entry.act));
  return `第${round.round}轮，${time(round.at)}开始，原因：${WHY[round.reason] ?? round.reason}。${toldEnd(end, roles)}`;
}

function toldEnd(end, roles) {
  if (!end) return '尚未完成。';
  if (end.act === 'seed_fixed') return `${time(end.at)}顺序确定。`;
  const late = end.missing.map((role) => roles[role] ?? role).join('、');
  return late ? `${time(end.at)}中止：他方公开后，${late}没有公开随机数。` : `${time(end.at)}中止，当时谁也没有公开随机数。`;
}

function count(entries, key, names) {
  const counts = new Map();
  for (const entry of entries) counts.set(entry[key], (counts.get(entry[key]) ?? 0) + 1);
  return [...counts].map(([code, times]) => `${names[code] ?? code}${times}`).join('、');
}

function happened(of, { outcomes, skips }) {
  const [called, skipped, moved, confirmed] = [of('called'), of('skipped'), of('gathering_moved'), of('confirmed')];
  const answers = count(of('outcome'), 'outcome', outcomes);
  return [
    called.length ? `按顺序通知${called.length}人${answers && `，其中：${answers}`}。` : '',
    confirmed.length ? `逐一联系原专家${confirmed.length}人：${count(confirmed, 'answer', { comes: '参评', declines: '不参评' })}${answers && `；后来：${answers}`}。` : '',
    skipped.length ? `按规定跳过${skipped.length}人：${count(skipped, 'reason', skips)}。` : '',
    of('need').length > of('round_opened').flatMap((round) => round.conditions).length ? '有人退出后进行了补抽，沿用原来的顺序。' : '',
    of('paused').length ? `暂停${of('paused').length}次，顺序不变。` : '',
    of('force_ended').length ? '经办人强制结束，不再通知新的专家。' : '',
    moved.length ? `集合时间变更${moved.length}次，最后一次改为${time(moved.at(-1).new)}。` : '',
    ...of('completed').slice(-1).map((entry) => `${time(entry.at)}人数已满。`),
    ...of('short').slice(-1).map((entry) => `${time(entry.at)}专家不足：${ENDS[entry.reason] ?? entry.reason}。`),
    ...of('terminated').map((entry) => `${time(entry.at)}活动终止：${GIVEN_UP[entry.reason] ?? entry.reason}。`),
    ...of('ended').map((entry) => `${time(entry.at)}活动结束，记录到此为止。`),
  ].filter(Boolean);
}
