// The application: to-do items, progress, withdrawing it.
const { call } = require('../lib/api');
const consents = require('../lib/consents');
const { present } = require('../lib/lists');
const { ask, openPage, toast } = require('../lib/page');
const { own, pageOf } = require('../lib/routes');
const { showTime } = require('../lib/time');
const { STAGE } = require('../lib/words');

/** @param {Api.ApplicationProgressOut} progress @returns {Shell.Group} */
function stages(progress) {
  const cells = progress.stages.map((stage) => {
    const [tag, tone] = STAGE[stage.state];
    return { label: stage.name, tag, tone, note: present([stage.who, stage.at && showTime(stage.at)]).join(' · ') };
  });
  const note = present([progress.opinion && `审核意见：${progress.opinion}`, progress.advice, progress.ask && `咨询：${progress.ask}`]).join('\n');
  return { title: `申请编号 ${progress.number}`, cells, note };
}

/** @param {Api.OfficeMessageOut[]} messages @returns {Shell.Group} */
function messagesOf(messages) {
  const cells = messages.map((message) => ({ label: showTime(message.at), note: `${message.text}\n申请编号 ${message.number}` }));
  return { title: '管理机构的留言', cells: [...cells, { label: '回复管理机构', command: 'open', id: own('feedback') }] };
}

/** @param {Api.HomeOut} home @returns {Shell.Sheet} */
function sheetOf({ progress, messages, membership_status: membership, to_do: waiting, advice }) {
  const toDo = waiting.map((item) => ({
    label: item.title, note: item.detail, tag: item.action, command: item.route && pageOf(item.route) !== '/pages/status' ? 'open' : '',
    id: item.code === 'register' ? '/pages/register' : pageOf(item.route),
  }));
  return {
    banner: progress ? { text: progress.headline } : undefined,
    groups: present([
      { cells: [{ label: '当前身份', tag: membership.text, note: membership.expert_number && `专家编号 ${membership.expert_number}` }] },
      { title: '待办事项', cells: toDo, note: toDo.length ? '' : '目前没有需要您办理的事项。' },
      messages.length > 0 && messagesOf(messages),
      progress && stages(progress),
      { cells: [{ label: '申请表与审核日志', command: 'open', id: own('apply') }] },
      advice.length > 0 && { title: '各地咨询方式', cells: advice.map((one) => ({ label: one.region, note: one.line })) },
    ]),
    buttons: progress && progress.give_up ? [{ label: '放弃申请', command: 'giveUp', kind: 'warn' }] : [],
  };
}

openPage({ every: 15000, data: { asked: /** @type {string[]} */ ([]), progress: /** @type {Api.ApplicationProgressOut | null} */ (null) } }, {
  async load() {
    const [home, asked] = await Promise.all([call('GET /home'), consents.wanted('applying')]);
    return { asked, progress: home.progress, sheet: sheetOf(home) };
  },

  /** Asks for consent to messages about the application, then opens its page. @param {string} url */
  async open(url) {
    await consents.ask(this.data.asked);
    return wx.navigateTo({ url });
  },

  async giveUp() {
    const { progress } = this.data;
    if (!progress || !await ask('放弃申请', progress.give_up, '确定放弃')) return;
    await this.act(async () => {
      await call('POST /applications/{application_id}/cancellation', { path: { application_id: progress.application_id } });
      toast('申请已放弃。');
      await this.refresh();
    });
  },
});
