// Explains a record that was found correct: the limits published before, each round and why it began, what happened.
const REASONS = {
  first: '首次确定顺序',
  widened: '原名单已全部用尽，扩大地区',
  aborted: '上一轮中止，重新开始',
};
const ENDS = {
  exhausted: '名单已用尽', too_late: '临近集合时间，不再通知', force_ended: '强制结束', declined: '有原专家不参评',
};
const clock = new Intl.DateTimeFormat('zh-CN', { timeZone: 'Asia/Shanghai', year: 'numeric', month: 'long', day: 'numeric', hour: '2-digit',
  minute: '2-digit', hourCycle: 'h23' });
const time = (text) => clock.format(new Date(text.slice(0, 23) + 'Z'));
const span = (seconds) => (seconds % 3600 ? `${Math.round(seconds / 60)}分钟` : `${seconds / 3600}小时`);

/** Sections of sentences: `{title, lines}`. `words` are the page's names of outcomes, skips, roles and so on. */
export function story({ log }, words) {
  const of = (act) => log.filter((entry) => entry.act === act);
  const rounds = of('round_opened');
  const [[history], [recalled]] = [of('history'), of('recalled')];
  const before = [...describeHistory(history, words.panels), ...describeLost(recalled, words)];
  const sections = [{ title: '此前的抽取', lines: before }, { title: '事先承诺了什么', lines: describeLimits(rounds[0], words) }];
  if (rounds.length) sections.push({ title: `确定顺序：共${rounds.length}轮`, lines: rounds.map((round) => describeRound(round, log, words)) });
  sections.push({ title: '后来发生了什么', lines: describeEvents(log, words) });
  return sections.filter((section) => section.lines.length);
}

function describeHistory({ kind, original, earlier, elsewhere }, panels) {
  const seeds = earlier.reduce((sum, activity) => sum + activity.seeds.length, 0);
  const before = earlier.length ? `同一标段此前有${earlier.length}次抽取活动，共确定顺序${seeds}次：` : '同一标段此前没有抽取活动，这是首次。';
  return [
    ...(kind === 'recall' ? [`通知原活动${original}的参评专家再次评标，不重新抽取，没有随机顺序。`] : []),
    ...(kind === 'redraw' ? [`这是原活动${original}的重新抽取，此前评过标或退选的专家一律回避。`] : []),
    before + earlier.map((activity) => describeEarlier(activity, panels)).join('；') + (earlier.length ? '。' : ''),
    ...(elsewhere ? [`同一招标以其他项目名义还确定过${elsewhere}次顺序。`] : []),
  ];
}

/** How many of the panel that was drawn a recall of a recall doesn't ask any more, and why. */
function describeLost(recalled, { lost: names }) {
  if (!recalled?.lost.length) return [];
  const gone = recalled.lost.reduce((sum, { count: people }) => sum + people, 0);
  const counts = recalled.lost.map(({ outcome, count: people }) => `${names[outcome] ?? outcome}${people}人`).join('、');
  const [asks, all] = [recalled.panel.length, recalled.panel.length + gone];
  return [`首次抽取的专家组共${all}人，本次只通知其中${asks}人：另${gone}人在此前的复评中${counts}，不再通知。`];
}

function describeEarlier({ number, seeds, withheld, given_up: givenUp, panel }, panels) {
  const times = seeds.length ? `${seeds.map(time).join('、')}确定顺序` : '没有确定顺序';
  const stopped = withheld.length + givenUp ? `，中止摇号${withheld.length + givenUp}轮` : '';
  return `${number}，${times}${stopped}，${panels[panel] ?? panel}`;
}

function describeLimits(round, words) {
  if (!round) return [];
  const { lead, start_within: start, aborts, widenings, lot_orders: orders } = round.limits;
  const parties = ['系统', ...round.roles.map((role) => words.roles[role] ?? role)];
  return [
    ...round.conditions.map((condition) => describeCondition(condition, words.names)),
    `由${parties.join('、')}各出一个随机数，先锁定、后公开，共同决定顺序。`,
    `顺序确定后${span(start)}内开始通知；距集合不足${span(lead)}不再通知新的专家。`,
    `公开之前最多中止${aborts}轮；名单用尽后最多扩大地区${widenings}次；同一标段一天内最多${orders}次由不同活动确定顺序。`,
  ];
}

function describeCondition({ no, planned, specialty, alternative, regions, gathering }, names) {
  const named = (code) => (names[code] && names[code] !== code ? `${names[code]}（${code}）` : code);
  const spare = alternative ? `，备选专业${named(alternative)}` : '';
  return `条件${no}：抽取${planned}人，专业${named(specialty)}${spare}，地区${regions.map(named).join('、')}，${time(gathering)}集合。`;
}

function describeRound(round, log, { roles }) {
  const end = log.find((entry) => entry.round === round.round && ['seed_fixed', 'round_aborted'].includes(entry.act));
  return `第${round.round}轮，${time(round.at)}开始，原因：${REASONS[round.reason] ?? round.reason}。${describeEnd(end, roles)}`;
}

function describeEnd(end, roles) {
  if (!end) return '尚未完成。';
  if (end.act === 'seed_fixed') return `${time(end.at)}顺序确定。`;
  const late = end.missing.map((role) => roles[role] ?? role).join('、');
  return late ? `${time(end.at)}中止：他方公开后，${late}没有公开随机数。` : `${time(end.at)}中止，当时谁也没有公开随机数。`;
}

function count(codes, names) {
  const counts = new Map();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].map(([code, times]) => `${names[code] ?? code}${times}`).join('、');
}

/** The last outcome of each call; a call whose answer was undone is open again. */
function lastOutcomes(called, outcomes) {
  const last = new Map(called.map((entry) => [entry.leaf, 'open']));
  for (const { leaf, outcome } of outcomes) last.set(leaf, outcome === 'undone' ? 'open' : outcome);
  return [...last.values()];
}

/** Supplementary draws (补抽) along an order: every need but the first after the order was fixed. */
function supplements(log) {
  const fixed = new Set(log.filter((entry) => entry.act === 'seed_fixed').map((entry) => entry.round));
  const fresh = new Set();
  return log.filter(({ act, round, conditions, condition }) => {
    if (act === 'round_opened' && fixed.has(round)) conditions.forEach(({ no }) => fresh.add(no));
    return act === 'need' && !fresh.delete(condition);
  });
}

/** How many of the planned places of a panel that met were filled at the end, where that is not all of them. */
function describeShortage(log, { panel }) {
  const of = (act) => log.filter((entry) => entry.act === act);
  const places = new Map(of('round_opened').flatMap(({ conditions }) => conditions.map(({ no, planned }) => [no, planned])));
  const planned = [...places.values()].reduce((sum, people) => sum + people, 0);
  const accepted = lastOutcomes(of('called'), of('outcome')).filter((outcome) => outcome === 'accepted').length;
  return panel === 'met' && accepted < planned ? `，应到${planned}人，参加${accepted}人` : '';
}

function describeEvents(log, { outcomes, skips, parties, terminations, panels }) {
  const of = (act) => log.filter((entry) => entry.act === act);
  const [called, skipped, confirmed] = [of('called'), of('skipped'), of('confirmed')];
  const names = { ...outcomes, open: '等待答复' };
  const undone = of('outcome').filter((entry) => entry.outcome === 'undone').length;
  const answers = count(confirmed.map((entry) => entry.answer), { comes: '参评', declines: '不参评', silent: '逾期未答复', hindered: '不能参评' });
  const own = confirmed.filter((entry) => entry.source === 'expert').length;
  const heard = confirmed.filter((entry) => entry.source === 'call').length;
  const stated = confirmed.filter((entry) => entry.stated !== '' && entry.source !== 'call').length;
  const later = count(of('outcome').map((entry) => entry.outcome), outcomes);
  return [
    called.length ? `按顺序通知${called.length}人，其中：${count(lastOutcomes(called, of('outcome')), names)}。` : '',
    undone ? `有专家同意后又撤销，共${undone}次；撤销后名额仍为其保留，等其重新答复，顺序不变。` : '',
    confirmed.length ? `逐一通知原专家${confirmed.length}人：${answers}${later && `；后来：${later}`}。` : '',
    confirmed.length ? `其中${own}人由专家本人答复${heard ? `，${heard}人在平台接通的电话中表示不参评` : ''}${
      stated ? `；代理机构对${stated}人另有陈述，仅供对照，不作数` : ''}。` : '',
    skipped.length ? `按规定跳过${skipped.length}人次：${count(skipped.map((entry) => entry.reason), skips)}。` : '',
    ...supplements(log).map(({ at, condition, needed }) => `${time(at)}补抽，条件${condition}补足到${needed}人，沿用原来的顺序。`),
    of('paused').length ? `暂停${of('paused').length}次，顺序不变。` : '',
    ...of('force_ended').map(({ at, reason }) => `${time(at)}${parties[reason] ?? ''}强制结束抽取，不再通知新的专家。`),
    ...of('gathering_moved').map((entry) => `${time(entry.at)}变更集合时间，由${time(entry.old)}改为${time(entry.new)}。`),
    ...of('completed').slice(-1).map((entry) => `${time(entry.at)}人数已满。`),
    ...of('short').slice(-1).map((entry) => `${time(entry.at)}专家不足：${ENDS[entry.reason] ?? entry.reason}。`),
    ...of('terminated').map(({ at, by, reason }) => `${time(at)}${parties[by] ?? by}终止活动，原因：${terminations[reason] ?? reason}。`),
    ...of('ended').map((entry) => `${time(entry.at)}活动结束，${panels[entry.panel] ?? entry.panel}${describeShortage(log, entry)}，记录到此为止。`),
  ].filter(Boolean);
}
