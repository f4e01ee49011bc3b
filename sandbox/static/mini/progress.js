// A running draw, live: totals only, and why it waits.
import { banner, cell, cells, h, report, tag } from './ui.js';
import { LoggedOut, Problem } from './api.js';
import { showSecond, showTime } from './time.js';

const OVER = ['ended', 'released'];

export async function progressPanel(page, found) {
  const box = h('div', { class: 'm-stack' });
  let known = found.state;
  const show = (now) => {
    box.replaceChildren(...view(now));
    if (now.state !== known) {
      known = now.state;
      page.refresh();
    }
  };
  show(await page.api.get(`/draws/${found.id}/progress`));
  if (!OVER.includes(found.state)) follow(page, found.id, box, show);
  return box;
}

/** Keeps a stream open while the page is seen: a browser allows few connections, and every phone wants one. */
function follow(page, id, box, show) {
  let stream = null;
  const stop = () => { stream?.abort(); stream = null; };
  const seen = () => !document.hidden && (!box.isConnected || box.offsetParent !== null);
  const open = async () => {
    const control = new AbortController();
    stream = control;
    try {
      await page.api.stream(`/draws/${id}/progress/stream`, (name, data) => {
        if (name === 'progress') show(data);
        else box.replaceChildren(banner(data.detail, 'red'));
      }, control.signal);
    } catch (error) {
      if (control.signal.aborted) return;
      if (error instanceof LoggedOut) report(error, box);
      else if (!(error instanceof Problem) && !(error instanceof TypeError)) throw error;
    }
    if (stream === control) setTimeout(() => { if (stream === control) stream = null; }, 3000);
  };
  open();
  page.every(1000, async () => {
    if (!seen()) stop();
    else if (!stream) open();
  });
  page.onLeave(stop);
}

function view(now) {
  const figure = (number, label) => h('div', {}, h('strong', {}, String(number)), h('span', {}, label));
  return [
    h('section', { class: 'm-card m-progress', 'aria-label': '抽取进度' },
      h('div', { class: 'm-line' }, tag(now.state, now.state_label), h('strong', {}, `已同意 ${now.accepted} / ${now.planned}`)),
      h('progress', { max: String(now.planned), value: String(now.accepted), 'aria-label': '已同意人数' }),
      h('p', { role: 'status' }, now.waiting),
      now.estimated_end && h('small', {}, `这一批答复最迟 ${showSecond(now.estimated_end)}`),
      h('div', { class: 'm-figures' }, figure(now.called, '已通知'), figure(now.open, '等待答复'), figure(now.declined, '不参加'), figure(now.silent, '未答复'))),
    cells('按条件', now.conditions.map((one) => cell(`条件 ${one.position}`, `${one.accepted} / ${one.needed}`, {
      note: [one.tier === 'alternative' ? '备选专业' : '主专业', one.open ? `${one.open} 人待答复` : '', one.exhausted ? '候选已用尽' : ''].filter(Boolean).join(' · '),
    })), now.started_at ? `启动于 ${showTime(now.started_at)}` : ''),
  ];
}
