// Notices sent to the person, newest first; each opens the page for its action.
const { call } = require('../lib/api');
const { openPage } = require('../lib/page');
const { pageOf } = require('../lib/routes');
const { showTime } = require('../lib/time');

const SIZE = 20;

/** The page of a notice, a native one if there is one. @param {Api.PastNoticeOut} one */
function urlOf(one) {
  if (one.mini) return `/${one.mini}`;
  if (one.invitation_id) return `/pages/invitation?id=${one.invitation_id}`;
  return one.path && pageOf(one.path);
}

/** @param {Api.PastNoticeOut} one @returns {Shell.Cell} */
const noticeCell = (one) => ({
  label: one.title, note: `${showTime(one.at)} · ${one.channel_label}\n${one.text}`, tag: one.state_label,
  tone: one.state === 'failed' || one.state === 'unknown' ? 'warn' : '', url: urlOf(one) || undefined,
});

openPage({ guests: true, data: { page: 1 } }, {
  async load() {
    const { items, total } = await call('GET /notices', { query: { page: this.data.page, size: SIZE } });
    const buttons = /** @type {Shell.Button[]} */ ([]);
    if (this.data.page * SIZE < total) buttons.push({ label: '更早的消息', command: 'turn', id: '1' });
    if (this.data.page > 1) buttons.push({ label: '更新的消息', command: 'turn', id: '-1' });
    const note = items.length ? '' : '还没有发给您的消息。有新进展时会通知您。';
    return { sheet: { groups: [{ cells: items.map(noticeCell), note }], buttons } };
  },

  /** @param {string} by */
  turn(by) {
    this.setData({ page: this.data.page + Number(by) });
    return this.act(() => this.refresh());
  },
});
