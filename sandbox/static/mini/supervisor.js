// The supervisor (监督人): own phone commits and reveals; looks on.
import { drawCell } from './agency.js';
import { conditions } from './conditions.js';
import { overview } from './draw.js';
import { recusal } from './recusal.js';
import { run } from './run.js';
import { cell, cells, empty, h, tag } from './ui.js';

/** The draws that name this person, those that want a commitment first. */
export async function supervisor(page) {
  page.title('监督');
  const { items } = await page.api.get('/draws', { size: 50 });
  const mark = (list) => list.map((card) => card.id + card.state).join();
  page.every(4000, async () => {
    const fresh = await page.api.get('/draws', { size: 50 });
    if (mark(fresh.items) !== mark(items)) page.refresh();
  });
  const waiting = items.filter((card) => card.state === 'committing');
  const others = items.filter((card) => card.state !== 'committing');
  const line = (card) => drawCell(page, card, () => page.go('supervised', { id: card.id }));
  return [
    waiting.length > 0 && cells('等待承诺', waiting.map(line)),
    others.length > 0 && cells('我监督的抽取', others.map(line)),
    items.length ? null : empty('还没有指定您监督的抽取。'),
    cells('', [cell('账户管理', '', { onclick: () => page.go('account') })]),
  ];
}

/** One draw: the round or the progress, then its data. */
export async function supervised(page) {
  const found = await page.api.get(`/draws/${page.params.id}`);
  page.title('监督抽取');
  return [
    h('div', { class: 'm-card m-head' }, h('strong', {}, found.name), tag(found.state, found.state_label), h('small', {}, found.number)),
    await run(page, found), overview(found), await recusal(page, found, {}), await conditions(page, found, {}),
  ];
}
