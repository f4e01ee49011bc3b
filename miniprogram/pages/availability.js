// Times in which the expert does not want to be drawn.
const { call } = require('../lib/api');
const { present } = require('../lib/lists');
const { ask, openPage, toast } = require('../lib/page');
const { dayAhead, showDay, showTime } = require('../lib/time');

/** What can be set, in the order of the picker: @type {[Api.TimesOffIn['kind'], string][]} */
const KINDS = [['span', '一段时间'], ['pause', '暂停，直到我恢复'], ['weekly', '每周固定时间'], ['holiday', '节假日'], ['month', '整月']];
/** @type {[NonNullable<Api.TimesOffIn['hours']>, string][]} */
const HOURS = [['all', '全天'], ['morning', '上午（12:00以前）'], ['afternoon', '下午（12:00以后）'], ['evening', '晚上（18:00以后）'], ['own', '自己选时间']];
const WEEKDAYS = ['一', '二', '三', '四', '五', '六', '日'];

/** @param {Api.PeriodOut} one */
const isPause = (one) => !one.ends_at && !one.weekly;

/** @param {Api.PeriodOut} one @returns {Shell.Cell} */
const periodCell = (one) => ({
  label: isPause(one) ? '暂停接受抽取' : one.text, note: present([isPause(one) && one.text, one.reason]).join(' · '), tag: isPause(one) ? '恢复' : '取消',
  tone: isPause(one) ? 'good' : 'warn', command: isPause(one) ? 'resume' : 'cancel', id: one.id,
});

/** A pause has a group of its own, with the ways to end it and to go on with it. @param {Api.PeriodOut} pause @param {number} days @returns {Shell.Group} */
const pauseGroup = (pause, days) => ({
  title: '暂停', cells: [periodCell(pause)], note: `我们每${days}天问您一次是否继续；不回复的按继续处理。`,
  button: { label: '继续暂停', command: 'goOn', id: pause.id },
});

openPage({ data: {
  kinds: KINDS.map(([, name]) => name), kindAt: 0, kind: 'span', kindName: KINDS[0][1],
  hoursNames: HOURS.map(([, name]) => name), hoursAt: 0, hoursName: HOURS[0][1],
  days: WEEKDAYS.map((name) => ({ name, chosen: false })), until: '',
  holidays: /** @type {Api.OptionOut[]} */ ([]), holidayAt: 0, holidayText: '',
  months: /** @type {Api.OptionOut[]} */ ([]), monthAt: 0, monthText: '',
  today: dayAhead(0), from: dayAhead(1), fromClock: '08:00', to: dayAhead(1), toClock: '18:00', reason: '',
} }, {
  async load() {
    const { periods, pause_asked_days: days, holidays, months } = await call('GET /experts/me/unavailabilities');
    const others = periods.filter((one) => !isPause(one)).map(periodCell);
    const groups = [...periods.filter(isPause).map((pause) => pauseGroup(pause, days)),
      ...(others.length ? [{ title: '不接受抽取的时间', cells: others }] : [])];
    const named = { holidayAt: 0, monthAt: 0, holidayText: holidays[0]?.text || '', monthText: months[0]?.text || '' };
    return { holidays, months, ...named, sheet: { banner: periods.length ? undefined : { text: '现在随时可以被抽取。' }, groups } };
  },

  /** A part of the new times. @param {Shell.Tap} event */
  pick({ detail, currentTarget }) { this.setData({ [currentTarget.dataset.id || '']: detail.value }); },
  /** @param {Shell.Tap} event */
  pickAt({ detail, currentTarget }) {
    const at = Number(detail.value);
    this.setData({ [currentTarget.dataset.id || '']: at });
    const { hoursAt, holidays, holidayAt, months, monthAt } = this.data;
    this.setData({ hoursName: HOURS[hoursAt][1], holidayText: holidays[holidayAt]?.text || '', monthText: months[monthAt]?.text || '' });
  },
  /** @param {Shell.Tap} event */
  pickKind({ detail }) {
    const [kind, kindName] = KINDS[Number(detail.value)];
    this.setData({ kindAt: Number(detail.value), kind, kindName });
  },
  /** @param {Shell.Tap} event */
  turnDay({ currentTarget }) {
    const at = Number(currentTarget.dataset.id);
    this.setData({ days: this.data.days.map((day, n) => (n === at ? { ...day, chosen: !day.chosen } : day)) });
  },
  /** @param {Shell.Tap} event */
  typeReason({ detail }) { this.setData({ reason: detail.value.trim() }); },

  /** What is sent, and how it is read back. @returns {[Api.TimesOffIn, string]} */
  chosen() {
    const { kindAt, reason, from, fromClock, to, toClock, days, hoursAt, until, holidays, holidayAt, months, monthAt } = this.data;
    const kind = KINDS[kindAt][0];
    if (kind === 'pause') return [{ kind, reason }, '暂停接受抽取，直到您恢复。'];
    if (kind === 'holiday') return [{ kind, holiday: holidays[holidayAt].key }, `${holidays[holidayAt].text} 不接受抽取。`];
    if (kind === 'month') return [{ kind, month: months[monthAt].key }, `${months[monthAt].text} 不接受抽取。`];
    if (kind === 'weekly') {
      const weekdays = days.flatMap((day, n) => (day.chosen ? [n + 1] : []));
      const hours = HOURS[hoursAt][0];
      const own = hours === 'own' ? { from_time: fromClock, to_time: toClock } : {};
      const when = hours === 'own' ? `${fromClock}至${toClock}` : HOURS[hoursAt][1];
      const names = days.filter((day) => day.chosen).map((day) => day.name).join('、');
      return [{ kind, weekdays, hours, ...own, until: until || null }, `每周${names} ${when} 不接受抽取${until ? `，到${until}为止` : ''}。`];
    }
    const span = { starts_at: `${from}T${fromClock}:00+08:00`, ends_at: `${to}T${toClock}:00+08:00` };
    return [{ kind, reason, ...span }, `${showTime(span.starts_at)} 至 ${showTime(span.ends_at)} 不接受抽取。`];
  },

  async save() {
    const [body, text] = this.chosen();
    if (body.kind === 'span' && String(body.ends_at) <= String(body.starts_at)) return toast('结束时间应晚于开始时间，请修改。');
    if (body.kind === 'weekly' && !body.weekdays?.length) return toast('请选择星期几。');
    if (!await ask('请核对', text, '保存')) return undefined;
    return this.act(async () => {
      const { panels } = await call('POST /experts/me/unavailabilities', { body });
      toast(panels.length ? `已保存。已同意的评标不受影响：${panels.join('；')}` : '已保存。');
      await this.refresh();
    });
  },

  /** @param {string} id */
  async cancel(id) { await this.end(id, '取消这段时间', '取消后恢复接受抽取。', '取消这段'); },

  /** @param {string} id */
  async resume(id) { await this.end(id, '恢复接受抽取', '恢复后可以抽取您。', '恢复'); },

  /** @param {string} id */
  async goOn(id) {
    await this.act(async () => {
      const { again } = await call('POST /experts/me/unavailabilities/{period_id}/going-on', { path: { period_id: id } });
      toast(`好的，继续暂停。${showDay(again)}再问您。`);
    });
  },

  /** @param {string} id @param {string} title @param {string} text @param {string} button */
  async end(id, title, text, button) {
    if (!await ask(title, text, button)) return;
    await this.act(async () => {
      await call('DELETE /experts/me/unavailabilities/{period_id}', { path: { period_id: id } });
      await this.refresh();
    });
  },
});
