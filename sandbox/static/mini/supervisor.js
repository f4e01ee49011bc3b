// The supervisor (监督人): own phone commits and reveals; looks on.
import { requestsOfDraw, waitingPart } from './absences.js';
import { drawCell } from './agency.js';
import { conditions } from './conditions.js';
import { overview } from './draw.js';
import { recusal } from './recusal.js';
import { run } from './run.js';
import { banner, button, buttons, cell, cells, empty, h, tag } from './ui.js';

/** The draws that name this person, those that want a commitment first. */
export async function supervisor(page) {
  page.title('监督');
  const { items } = await page.api.get('/draws', { size: 50 });
  const mark = (list) => list.map((card) => card.id + card.state + card.number_wanted).join();
  page.every(4000, async () => {
    const fresh = await page.api.get('/draws', { size: 50 });
    if (mark(fresh.items) !== mark(items)) page.refresh();
  });
  const waiting = items.filter((card) => card.number_wanted);
  const others = items.filter((card) => !card.number_wanted);
  const line = (card) => drawCell(page, card, () => page.go('supervised', { id: card.id }));
  return [
    await waitingPart(page),
    waiting.length > 0 && cells('等待您提交随机数', waiting.map(line)),
    others.length > 0 && cells('我监督的抽取', others.map(line)),
    items.length ? null : empty('还没有指定您监督的抽取。'),
    cells('', [cell('我的账号', '', { onclick: () => page.go('account') })]),
  ];
}

/** One draw: the round or the progress, then its data. */
export async function supervised(page) {
  const found = await page.api.get(`/draws/${page.params.id}`);
  page.title('监督抽取');
  page.every(3000, async () => {
    const now = await page.api.get(`/draws/${found.id}/progress`);
    if (now.state !== found.state) page.refresh();
  });
  return [
    h('div', { class: 'm-card m-head' }, h('strong', {}, found.name), tag(found.state, found.state_label), h('small', {}, found.number)),
    await requestsOfDraw(page, found.id, '请假与现场回避'),
    await run(page, found), audit(page, found), overview(found), await recusal(page, found, {}), await conditions(page, found, {}),
  ];
}

const VERDICTS = { holds: ['accepted', '属实'], wrong: ['refused', '不符'], unknown: ['open', '无法复核'] };

/** The audit of reasons (稽核), once somebody was called; before unsealing the service says from when on. */
function audit(page, found) {
  if (!found.started_at) return null;
  const box = h('div', { class: 'm-stack', 'aria-live': 'polite' });
  const show = (report) => box.replaceChildren(
    banner({ holds: '名单、跳过和通知的理由全部属实。', wrong: '有理由不符，请逐条核查。', unknown: '部分理由没有封存依据，无法复核。' }[report.verdict], report.verdict === 'wrong' ? 'red' : ''),
    cells('稽核结果', report.lines.map((line) => cell(line.text, '', { tag: tag(...VERDICTS[line.verdict]) })), '稽核会留下记录。'));
  return h('div', {}, buttons(button('稽核抽取理由', async () => show(await page.api.post(`/draws/${found.id}/reason-audit`)))), box);
}
