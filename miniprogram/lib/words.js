// Names of states, and the tones of their tags.

/** @type {Record<Api.InvitationState, [string, Shell.Tone]>} */
const INVITATION = {
  open: ['待答复', 'warn'], accepted: ['已同意', 'good'], declined: ['不参加', ''], silent: ['未答复', ''], left: ['已请假', ''], absent: ['缺席', 'bad'],
  recused: ['现场回避', ''], released: ['已退选', ''], cancelled: ['已取消', ''],
};

/** @type {Record<Api.FeeViewOut['phase'], [string, Shell.Tone]>} */
const FEE = {
  not_open: ['未到缴费时间', ''], open: ['待缴费', 'warn'], closed: ['缴费已截止', 'bad'], paid: ['已缴费', 'good'], refunded: ['已退费', ''], void: ['已取消', ''],
};

/** @type {Record<string, string>} */
const EXAM = {
  to_book: '待预约场次', ahead: '未开始', lobby: '即将开始', open: '可以开始', running: '答题中', resting: '可再考一次', marking: '评分中', over: '已结束',
  passed: '合格', failed: '未合格', left: '不再参加',
};

/** @type {Record<Api.EnrolmentViewOut['phase'], string>} */
const COURSE = {
  unpaid: '待缴费', ahead: '未开始', open: '学习中', waiting: '待结课', over: '已过期', excluded: '暂停抽取', learned: '待考试', finished: '培训完毕', left: '不再参加',
};

/** @type {Record<Api.AgentOut['state'], string>} */
const LINK = { waiting: '待同意', active: '有效', expired: '已过期', future: '未开始', revoked: '已取消', declined: '不担任' };

/** @type {Record<Api.StageOut['state'], [string, Shell.Tone]>} */
const STAGE = { done: ['已完成', 'good'], now: ['进行中', 'warn'], stopped: ['已停止', 'bad'], next: ['未开始', ''] };

module.exports = { COURSE, EXAM, FEE, INVITATION, LINK, STAGE };
