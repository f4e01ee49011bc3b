// One invitation: answer, undo, ask for leave, check in.
const { call } = require('../lib/api');
const checkIn = require('../lib/check_in');
const consents = require('../lib/consents');
const { facts, present } = require('../lib/lists');
const { ask, openPage, telephone, toast } = require('../lib/page');
const { showClock, showNearTime } = require('../lib/time');
const { INVITATION } = require('../lib/words');

/** The meaning of each state, and what the expert can do. @type {Record<Api.InvitationState, string>} */
const MEANING = {
  open: '请答复是否参加。不答复视为不参加，名额会给其他专家。',
  accepted: '您已同意参加，请按时到场。',
  declined: '您已答复不参加，不用到场。',
  silent: '答复时间已过，您没有同意，不用到场。',
  left: '您已请假，不用到场。',
  absent: '已登记您缺席。如与事实不符，请打联系人电话说明。',
  recused: '您已现场回避，不再参加这场评标。',
  released: '您已退选，不用到场。',
  cancelled: '这场评标已取消，不用到场。',
};

/** @param {string | null} moment */
const ahead = (moment) => Boolean(moment) && new Date(moment || 0).getTime() > Date.now();

/** Whether a late arrival can be announced now. @param {Api.InvitationOut} item */
const mayAnnounce = (item) => Boolean(item.late_from) && !ahead(item.late_from) && !item.checked_in_at && ahead(item.ends_at);

/** @param {Api.InvitationOut} item */
function meaningOf(item) {
  if (item.recused) return '您申报的回避单位与这场评标有关，您须回避，不用到场。';
  if (item.state !== 'accepted') return MEANING[item.state];
  if (item.checked_out_at) return '您已离场，感谢参加评标。';
  if (item.checked_in_at) return '您已签到，请听从现场安排。';
  if (!ahead(item.ends_at)) return '本场评标已结束。';
  if (item.late_minutes) {
    const stated = item.late_by_telephone ? '工作人员已按来电登记您' : '您已说明';
    const until = `晚到${item.late_minutes}分钟，约${showClock(item.arrives_at || '')}到`;
    return `${stated}${until}，已通知抽取单位、评标场地和监督人。路上注意安全，到场请照常签到。`;
  }
  return ahead(item.leave_until) ? MEANING.accepted : '您已同意参加，请按时到场。请假时间已过，确实不能到场请尽早点“不能到场”告知，并打联系人电话。';
}

/** @param {Api.InvitationOut} item @returns {Shell.Button[]} */
function buttonsOf(item) {
  if (item.state === 'open') return [{ label: '参加', command: 'accept', kind: 'primary' }, { label: '不参加', command: 'decline' }];
  const coming = item.state === 'accepted' && !item.checked_in_at && ahead(item.ends_at);
  /** @type {(Shell.Button | null | false | '')[]} */
  const all = [
    item.proposal && { label: '同意改期', command: 'agreeMove', kind: 'primary' },
    item.proposal && { label: '改期后不能参加', command: 'refuseMove', kind: 'warn' },
    item.leave_asked_until && { label: '按时到场', command: 'come', kind: 'primary' },
    item.leave_asked_until && { label: '确认请假', command: 'agreeLeave', kind: 'warn' },
    coming && { label: '扫码签到', command: 'scan', kind: 'primary' },
    coming && { label: '用位置签到', command: 'arrive' },
    item.undo_until && { label: '点错了，撤销同意', command: 'undo' },
    mayAnnounce(item) && { label: item.late_minutes ? '改晚到时间' : '会晚到', command: 'late' },
    mayAnnounce(item) && item.late_minutes !== null && { label: '能按时到', command: 'onTime' },
    coming && { label: ahead(item.leave_until) ? '请假' : '不能到场', command: 'leave', kind: 'warn' },
  ];
  return present(all);
}

/** The question about moved times. @param {Api.InvitationOut} item */
function moveOf(item) {
  const moved = [
    item.proposed_gathering_at && `集合时间拟改为${showNearTime(item.proposed_gathering_at)}`,
    item.proposed_start_at && `评标推迟到${showNearTime(item.proposed_start_at)}开始`,
  ];
  return `${present(moved).join('，')}。请答复能否参加；答复之前，原定时间仍然有效。`;
}

/** @param {Api.InvitationOut} item */
function bannerOf(item) {
  if (item.proposal) return { text: moveOf(item), tone: /** @type {const} */ ('warn') };
  const until = item.leave_asked_until;
  if (!until) return { text: meaningOf(item), tone: item.state === 'absent' ? /** @type {const} */ ('bad') : INVITATION[item.state][1] };
  return { text: `有人为您登记了请假，您确认后才生效。请在${showNearTime(until)}前答复；不答复仍按参加处理。`, tone: /** @type {const} */ ('warn') };
}

/** @param {Api.InvitationOut} item @returns {Shell.Sheet} */
function sheetOf(item) {
  /** @param {string | null} moment */
  const at = (moment) => moment && showNearTime(moment);
  const lines = facts([
    ['集合时间', at(item.gathering_at)],
    ['集合地点', item.place],
    ['场所', item.venue],
    ['预计结束', at(item.ends_at)],
    ['注意事项', item.remark],
    ['答复期限', item.state === 'open' && at(item.answer_until) || ''],
    ['可撤销至', at(item.undo_until)],
    ['请假最晚', at(item.leave_until)],
    ['自报到场', !item.checked_in_at && at(item.claimed_at) || '', '还不算签到，请扫描现场二维码'],
    ['说明晚到', item.checked_in_at && item.late_minutes && `${item.late_minutes}分钟，约${showClock(item.arrives_at || '')}到` || ''],
    ['签到', at(item.checked_in_at)],
    ['离场', at(item.checked_out_at)],
  ]);
  const place = lines.findIndex(({ label }) => label === '集合地点');
  if (item.map && place >= 0) lines[place] = { ...lines[place], note: '在地图上查看', command: 'showMap' };
  if (item.contact_phone) lines.splice(3, 0, { label: '联系人', value: item.contact, note: `${item.contact_phone}，点这里打电话`, command: 'phone' });
  return {
    banner: bannerOf(item),
    big: item.code ? { label: '我的验证码', text: item.code, note: '到场时出示' } : undefined,
    groups: [{ cells: lines }],
    buttons: buttonsOf(item),
  };
}

openPage({ every: 10000, data: { asked: /** @type {string[]} */ ([]), item: /** @type {Api.InvitationOut | null} */ (null) } }, {
  /** Further messages about it end when the person opens the page, not when its timer refreshes it. @param {boolean} quietly */
  async load(quietly) {
    const item = await call('GET /invitations/{invitation_id}', this.mine());
    if (!quietly) call('POST /invitations/{invitation_id}/opened', this.mine()).catch(() => {}); // then a message more is sent
    const asked = item.state === 'open' && !this.data.asked.length ? await consents.wanted('invitation') : this.data.asked;
    return { item, asked, sheet: sheetOf(item) };
  },

  /** @returns {{ path: { invitation_id: string } }} */
  mine() { return { path: { invitation_id: this.query.id } }; },

  phone() { telephone(this.data.item?.contact_phone || ''); },
  showMap() {
    const item = this.data.item;
    if (item?.map) wx.openLocation({ ...item.map, name: item.venue || item.place, address: item.place, scale: 16, fail: () => toast('地图没有打开，请重试。') });
  },
  scan() { return this.act(checkIn.scan); },
  arrive() { return this.act(() => checkIn.byPosition(this.query.id)); },

  /** Accepts at once; it can be undone. */
  accept() {
    const item = this.data.item;
    const asked = consents.ask(this.data.asked);
    this.setData({ asked: [] });
    return item && this.act(() => this.answer(item, 'accept', asked));
  },

  /** Declines after a confirmation, since the place goes to another expert. */
  async decline() {
    const item = this.data.item;
    if (item && await ask('不参加这次评标', `${showNearTime(item.gathering_at)}，${item.place}。确认不参加？`, '不参加')) await this.act(() => this.answer(item, 'decline'));
  },

  /**
   * Answers for the time that the page showed.
   * @param {Api.InvitationOut} item @param {Api.InvitationAnswerIn['choice']} choice @param {Promise<boolean>} [asked]
   */
  async answer({ gathering_at }, choice, asked) {
    const answering = call('POST /invitations/{invitation_id}/answer', { ...this.mine(), body: { choice, gathering_at } });
    const { effective, invitation } = await answering.catch(async (failure) => {
      if (failure.code === 'gathering_moved') await this.refresh(); // the refusal is read above the new time
      throw failure;
    });
    await asked;
    const done = choice === 'accept' ? `已确认参加，验证码 ${invitation.code}。` : '已记录您不参加，谢谢答复。';
    toast(effective ? done : `此前已记录：${INVITATION[invitation.state][0]}。`);
    await this.refresh();
  },

  undo() {
    return this.act(async () => {
      const { effective } = await call('POST /invitations/{invitation_id}/undo', this.mine());
      toast(effective ? '已撤销，您还没有答复这个邀请。' : '答复时间已过或名额已满，不能撤销；不能到场的，请点“请假”。');
      await this.refresh();
    });
  },

  async leave() {
    const { confirm, content } = await wx.showModal({
      title: '请假', content: '', editable: true, placeholderText: '原因（必填），如：突发疾病', confirmText: '下一步', cancelText: '取消',
    });
    const late = !ahead(this.data.item?.leave_until || null);
    if (confirm && (content || '').trim().length < 2) return toast('没有请假：请写明原因，再点一次。');
    if (!confirm || !await ask('确认请假', late ? this.pool.late_leave_consequence : this.pool.leave_consequence, '确认请假')) return;
    await this.act(async () => {
      await call('POST /invitations/{invitation_id}/leave', { ...this.mine(), body: { reason: (content || '').slice(0, 200), late } });
      toast('已请假，您的名额将由其他专家补上。');
      await this.refresh();
    });
  },

  /** Asks how late, then shows the hour and what it means. */
  async late() {
    const { shortest, longest, consequence } = this.pool.late_arrival;
    const { confirm, content } = await wx.showModal({
      title: '会晚到', content: '', editable: true, placeholderText: '比集合时间晚几分钟，如：20', confirmText: '下一步', cancelText: '取消',
    });
    if (!confirm) return;
    const typed = (content || '').trim().replace(/分钟?$/, '');
    const minutes = Number(typed);
    if (!/^[0-9]+$/.test(typed) || minutes < shortest || minutes > longest) {
      toast(`请填写${shortest}到${longest}之间的分钟数；更晚才能到、来不了的，请请假。`);
      return;
    }
    const gathering = new Date(this.data.item?.gathering_at || 0).getTime();
    const arrives = showClock(new Date(gathering + minutes * 60000).toISOString());
    if (!await ask('确认晚到', `晚${minutes}分钟，约${arrives}到。${consequence}`, '确认晚到')) return;
    await this.act(async () => {
      await call('POST /invitations/{invitation_id}/late-arrival', { ...this.mine(), body: { minutes } });
      toast('已记录，并通知抽取单位、评标场地和监督人。');
      await this.refresh();
    });
  },

  onTime() {
    return this.act(async () => {
      await call('DELETE /invitations/{invitation_id}/late-arrival', this.mine());
      toast('已记录：您能按时到。');
      await this.refresh();
    });
  },

  async agreeLeave() {
    if (await ask('确认请假', this.pool.leave_consequence, '确认请假')) await this.answerLeave(true);
  },

  come() { return this.answerLeave(false); },

  agreeMove() { return this.answerMove(true); },

  async refuseMove() {
    if (await ask('改期后不能参加', '您的名额由其他专家补上，不记入履职记录。', '不能参加')) await this.answerMove(false);
  },

  /** @param {boolean} agrees */
  answerMove(agrees) {
    return this.act(async () => {
      const proposal = this.data.item?.proposal || '';
      await call('POST /invitations/{invitation_id}/move-answer', { ...this.mine(), body: { agrees, proposal } });
      toast(agrees ? '已记录：您同意改期。' : '已记录：您不能参加，不用到场。');
      await this.refresh();
    });
  },

  /** @param {boolean} agrees */
  answerLeave(agrees) {
    return this.act(async () => {
      await call('POST /invitations/{invitation_id}/leave-answer', { ...this.mine(), body: { agrees } });
      toast(agrees ? '已请假，您的名额将由其他专家补上。' : '已记录：您将按时到场。');
      await this.refresh();
    });
  },
});
