// Binding the official account (绑定公众号): the chat learns who this is, by a code to scan or to send.
import { banner, button, buttons, cell, cells, h } from './ui.js';
import { until } from './time.js';

/** A line for a page's list while the account's messages can't arrive; nothing afterwards. */
export const joinCell = (page, why) => !page.me.in_chat && cells('', [
  cell('绑定公众号', '', { note: why, tag: h('span', { class: 'm-tag orange' }, '未绑定'), onclick: () => page.go('joining') }),
]);

export async function joining(page) {
  page.title('绑定公众号');
  await page.app.loadMe();
  if (page.me.in_chat) return [banner('公众号已绑定，通知会发到微信。', 'green'), buttons(button('完成', () => page.app.home(), 'primary'))];
  const { code, scan, valid_until: end } = await page.api.post('/sessions/current/chat');
  const left = h('small', {});
  const tick = async () => {
    left.textContent = `${until(end, page.now())}后失效`;
    if (page.now() >= new Date(end).getTime()) page.refresh();
  };
  await tick();
  page.every(1000, tick);
  page.every(2500, async () => {
    if (!(await page.api.get('/sessions/current')).in_chat) return;
    page.toast('公众号已绑定。');
    page.refresh();
  });
  const shown = `${code.slice(0, 4)} ${code.slice(4)}`;
  return [
    banner('绑定后，抽取、审核和缴费通知直接发到微信，也可以在公众号里办理。'),
    h('section', { class: 'm-card m-qr', 'aria-label': '绑定公众号' },
      scan && h('img', { alt: '公众号二维码', src: `/control/qr?text=${encodeURIComponent(scan)}` }),
      scan && h('p', {}, '长按识别二维码，或用微信扫一扫'),
      h('p', {}, scan ? '也可以在公众号里发送：' : '请在公众号里发送：'), h('b', { class: 'm-code' }, `绑定 ${shown}`), left),
    buttons(scan && button('长按识别二维码', () => page.api.host.openUrl(scan), 'primary'), button('复制绑定码', () => copy(page, `绑定 ${code}`))),
    h('p', { class: 'm-note' }, '绑定码只供本人使用，请不要告诉他人。'),
  ];
}

async function copy(page, text) {
  try {
    await navigator.clipboard.writeText(text);
    page.toast('已复制，请到公众号粘贴发送。');
  } catch {
    page.toast(`请在公众号发送：${text}`);
  }
}
