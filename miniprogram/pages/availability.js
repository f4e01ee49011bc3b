// Times in which the expert does not want to be drawn.
const { call } = require('../lib/api');
const { ask, openPage, toast } = require('../lib/page');
const { dayAhead, showTime } = require('../lib/time');

/** @param {Api.PeriodOut} one @returns {Shell.Cell} */
const periodCell = (one) => ({
  label: showTime(one.starts_at), note: [`至 ${showTime(one.ends_at)}`, one.reason].filter(Boolean).join(' · '), tag: '取消', tone: 'warn',
  command: 'cancel', id: one.id,
});

openPage({ data: { today: dayAhead(0), from: dayAhead(1), fromClock: '08:00', to: dayAhead(1), toClock: '18:00', reason: '' } }, {
  async load() {
    const { items } = await call('GET /experts/me/unavailabilities');
    const groups = items.length ? [{ title: '不接受抽取的时间', cells: items.map(periodCell) }] : [];
    return { sheet: { banner: items.length ? undefined : { text: '现在随时可以被抽取。' }, groups } };
  },

  /** One of the four parts of the new period. @param {Shell.Tap} event */
  pick({ detail, currentTarget }) { this.setData({ [currentTarget.dataset.id || '']: detail.value }); },
  /** @param {Shell.Tap} event */
  typeReason({ detail }) { this.setData({ reason: detail.value.trim() }); },

  async save() {
    const { from, fromClock, to, toClock, reason } = this.data;
    const body = { starts_at: `${from}T${fromClock}:00+08:00`, ends_at: `${to}T${toClock}:00+08:00`, reason };
    if (body.ends_at <= body.starts_at) return toast('结束时间应晚于开始时间，请修改。');
    if (!await ask('请核对', `${showTime(body.starts_at)} 至 ${showTime(body.ends_at)} 不接受抽取。`, '保存')) return undefined;
    return this.act(async () => {
      const { panels } = await call('POST /experts/me/unavailabilities', { body });
      toast(panels ? `已保存。这段时间内已同意的${panels}场评标不受影响。` : '已保存。');
      await this.refresh();
    });
  },

  /** @param {string} id */
  async cancel(id) {
    if (!await ask('取消这段时间', '取消后恢复接受抽取。', '取消这段')) return;
    await this.act(async () => {
      await call('DELETE /experts/me/unavailabilities/{period_id}', { path: { period_id: id } });
      await this.refresh();
    });
  },
});
