// The guide's stories. A story has phones and steps; a step is finished when `done` is true of the facts, in any order; `taps` name
// the next tap: a phone, and texts of its buttons.
import { fillIn, inChat, inNewest, inSms, logIn, onButton, onLink, onPage, ownDraw, ownLine, proof, sample, sitExam, undecided } from './marks.js';

const AGENCY = '周代理', VERIFIER = '郑核验', SUPERVISOR = '冯监督', EXPERT = '测一明';
const NEWCOMER = '柳学文', APPLICANT = '江申请', FIRST = '王初审', FINAL = '李复审';
const BEFORE = { editing: 0, refused: 0, submitted: 1, verified: 2, committing: 3, drawing: 4, paused: 4, ending: 4 };
const far = (state) => BEFORE[state ?? 'editing'] ?? 5;
/** Progress of a draw: 0 being set up … 4 calling, 5 over. */
const stage = (facts) => (facts.draw ? far(facts.state) : -1);
/** Progress of the recall that was made from it. */
const recalled = (facts) => (facts.recall ? far(facts.recallState) : -1);
/** Whether a draw is over without a full panel, or was never drawn. */
const hasFailed = ({ state, called }) => !['completed', 'ended', 'released'].includes(state) || (state === 'ended' && called === false);
/** Whether a draw can't begin any more, or has failed. */
const isLost = (facts) => stage(facts) >= 0 && (stage(facts) < 4 ? Boolean(facts.late || facts.stuck) : stage(facts) > 4 && hasFailed(facts));
const answered = [inNewest('参加', '确认参加', '确认', '查看详情', '去答复', '立即答复', '点击答复'), '确认参加', '参加', '允许', '待答复', inSms, logIn];

/** A tap on an office's pages: the page's button, else the link to the activity, by the chat's word that lists it. */
const office = (phone, ask, ...words) => ({ phone, tab: 'chat', words: [...words, ownDraw, ownLine, inNewest('打开网页', '查看全部'), inChat(ask), '更早的消息'] });
const agency = (...words) => office(AGENCY, '抽取进度', ...words);
const verifying = [office(VERIFIER, '待核验', onButton('通过'))];

const draw = {
  name: '① 办一次抽取',
  phones: [AGENCY, VERIFIER, SUPERVISOR, EXPERT],
  facts: ['draw', 'number', 'state', 'seed', 'checked', 'late', 'stuck', 'called'],
  isSpent: isLost,
  end: '浏览器把整份记录重新算了一遍。任何人拿到链接，都能这样核对。接着可以试 ⑤ 退选、⑥ 复评。',
  steps: [
    {
      done: (facts) => stage(facts) >= 0, next: '点周代理手机上方的“一键示例”。',
      taps: [{ sample: 'example', phone: AGENCY }],
      why: '示例抽取已建好：项目、回避单位、抽取条件都填好了，也可以逐项修改。',
    },
    {
      done: (facts) => stage(facts) >= 1, next: '周代理在网页最下面点“提交审核”。',
      taps: [agency(onButton('提交审核'), onLink('提交审核'))],
      why: '申请已送到交易中心。核验通过之前，谁也不能抽取。',
    },
    {
      done: (facts) => stage(facts) >= 2, next: '郑核验在微信里点“待核验”，打开申请，看过后点“通过”。',
      taps: verifying,
      why: '核验通过。回避单位和抽取条件从此不能再改。',
    },
    {
      done: (facts) => stage(facts) >= 3, next: '周代理点“进入抽取”，再点“开始三方摇号”。',
      taps: [agency(onButton('开始三方摇号'), onButton('重新开始三方摇号'), onLink('进入抽取', '项目抽取'))],
      why: '系统先锁定自己的随机数，再锁定候选名单：名单里有谁，从此不能改。',
    },
    {
      done: (facts) => stage(facts) >= 4 || facts.seed, next: '冯监督在微信里点“监督”，打开这次抽取，点“提交我的随机数”。',
      taps: [office(SUPERVISOR, '监督', onButton('提交我的随机数'))],
      why: '没有人能挑选专家：三方各出一个随机数，凑齐才算得出专家顺序；只要有一方诚实，谁也不能左右结果。',
    },
    {
      done: (facts) => stage(facts) >= 4, next: '周代理点“启动抽取”。',
      taps: [agency(onButton('启动抽取'), onLink('项目抽取'))],
      why: '系统按这个顺序通知专家；微信、短信、电话，谁先答复，其他渠道马上停。',
    },
    {
      done: (facts) => stage(facts) >= 5, next: '被抽中的专家在自己手机上点“参加”，或接电话按 1；不在桌面的手机点上方的提示。没人应答就点“+1 分”，也可以打开“其他手机自动应答”。',
      taps: [{ ringing: true }, { role: 'expert', words: answered }, { news: true }, { clock: 60 }],
      why: '人数已满，抽取自动结束。名单密封到评标前 30 分钟，此前谁看到的都只是验证码。',
    },
    {
      done: (facts) => facts.draw && facts.checked === facts.draw, next: '周代理点“结果”，再点“核对抽取记录”。',
      taps: [agency(onButton('核对抽取记录'), onLink('公开核验', '结果'))],
    },
  ],
};

const apply = {
  name: '② 申请入库',
  phones: [NEWCOMER, FIRST, FINAL, APPLICANT],
  facts: ['asked', 'form', 'handedIn', 'decided', 'feeOpen', 'code', 'codeShown', 'codeAt', 'paid'],
  end: '费用只认一次：付两次，多出的那笔自动退回。',
  steps: [
    {
      done: (facts) => facts.followed || facts.asked, next: '柳学文点“关注公众号”。',
      taps: [{ phone: NEWCOMER, tab: 'chat', words: ['关注公众号'] }],
      why: '关注后只有公众号的自动回复，还没有留下任何个人信息。',
    },
    {
      done: (facts) => facts.asked || facts.form, next: '柳学文点“申报”，或在下面输入“申报”并发送。',
      taps: [{ phone: NEWCOMER, tab: 'chat', words: [inNewest('申报'), '申报'] }],
      why: '没有登记过的手机号，要先注册。',
    },
    {
      done: (facts) => facts.handedIn,
      next: '柳学文打开链接，注册、填表、提交；身份证号在手机上方的证件图标里，点一下就能复制。填到哪里存到哪里；想先看审核，请点“跳过”，江申请的申请已在等候。',
      taps: [{ phone: NEWCOMER, tab: 'chat', words: [inNewest('去注册或登录', '注册', '去申报', '继续填写', '填写申请表'), onPage('/h5/login', '注册'), '绑定并继续', fillIn] }],
      why: '申请已提交，同一份申请依次由各环节审核，每一步都发到申请人手机上。',
    },
    {
      done: (facts) => facts.decided?.includes(FIRST), next: '王初审在微信里点“去审核”，打开江申请的申请，逐项看过后点“通过”。',
      taps: [reviewing(FIRST)],
      why: '初审意见已记录，申请自动转到下一环节。审核人员看不到自己环节以外的操作。',
    },
    {
      done: (facts) => facts.decided?.includes(FINAL), next: '李复审同样点“去审核”，再点“通过”。',
      taps: [reviewing(FINAL)],
      why: '审核通过，名单开始公示，任何人都可以提出异议。',
    },
    {
      done: (facts) => facts.feeOpen || facts.paid, next: '公示要等几分钟：点上方的“+30 分”，把时钟拨到公示期满。',
      taps: [{ clock: 1800 }],
      why: '公示期满，没有异议，系统已通知缴费。',
    },
    {
      done: (facts) => facts.code || facts.paid, next: '江申请点菜单“申报”里的“缴费”，或输入“缴费”并发送，得到收款码。',
      taps: [{ phone: APPLICANT, tab: 'chat', words: [inNewest('缴费', '立即缴费'), '缴费', '申报'] }],
      why: '收款码只对应这一笔费用，亲友也可以扫码代缴。',
    },
    {
      done: (facts) => facts.paid, next: '柳学文点“扫一扫”，扫江申请手机上的码并支付。',
      taps: [{ phone: NEWCOMER, closes: true, tab: 'chat', words: ['完成', '确认支付', `${APPLICANT}的手机上`, '扫一扫', '更多', '切换到输入'] }],
    },
  ],
};

function reviewing(phone) {
  return office(phone, '去审核', '确认全部通过', '全部通过', undecided, '通过', APPLICANT);
}

const call = {
  name: '③ 接一个电话',
  phones: [EXPERT, AGENCY],
  facts: ['rang', 'picked', 'keys'],
  isSpent: (facts) => isLost(facts) || stage(facts) > 4,
  end: '一次按键就是一次答复，结果立刻发短信告知；其他渠道同时停止。',
  steps: [
    {
      done: (facts) => stage(facts) >= 4 || facts.rang, next: '还没有正在通知专家的抽取。请先办完 ① 的前六步，再回到这里。', first: 'draw',
      taps: [], why: '抽取已启动，系统正在按规则通知专家。',
    },
    {
      done: (facts) => facts.rang, next: '等不及就点上方的“+1 分”：微信没有答复的，系统改打电话。',
      taps: [{ ringing: true }, { news: 'calls' }, { clock: 60 }],
      why: '电话里只说时间和地点，不说项目名称和其他专家。',
    },
    {
      done: (facts) => facts.picked, next: '点“接听”。不在桌面的手机，先点上方的“来电”；没接到就点“+1 分”，等下一个来电。',
      taps: [{ ringing: true }, { news: 'calls' }, { clock: 60 }],
      why: '听完可按 1 参加、2 不参加；按两次才算数，防止误触。',
    },
    {
      done: (facts) => facts.keys?.startsWith('11') || facts.keys?.startsWith('22'), next: '按 1，再按 1 确认。',
      taps: [{ ringing: true }, { news: 'calls' }, { clock: 60 }],
    },
  ],
};

const exam = {
  name: '④ 考一次试',
  phones: [EXPERT],
  facts: ['examOpen', 'examPaper', 'examDone'],
  end: '回执上的摘要由全部作答算出，任何人都能核对；成绩马上发到微信，没考过还能再考。',
  steps: [
    {
      done: (facts) => facts.examOpen || facts.examPaper || facts.examDone, next: '测一明在公众号里点“进入考试”；没有这条消息，就输入“考试”并发送。',
      taps: [{ phone: EXPERT, tab: 'chat', words: [inChat('进入考试'), '更早的消息'] }],
      why: '链接只认本人：别人打开，要先用本人的手机号登录。',
    },
    {
      done: (facts) => facts.examPaper || facts.examDone, next: '勾选两项确认，再点“开始考试”。',
      taps: [{ phone: EXPERT, words: [fillIn] }],
      why: '已开始计时，只认服务器的时钟；每答一题都先存在手机里，再上传。',
    },
    {
      done: (facts) => facts.examDone, next: '逐题作答，最后交卷。想看断网会怎样：点手机上方的信号图标，选“网络断开”，接着答，再恢复。',
      taps: [{ phone: EXPERT, words: [sitExam] }],
    },
  ],
};

const DRAWN_FIRST = { next: '先要有一次抽满的抽取：请办完 ①，再回到这里。', first: 'draw', taps: [] };

const release = {
  name: '⑤ 退选',
  phones: [AGENCY, VERIFIER, EXPERT],
  facts: ['release', 'notified', 'night'],
  isSpent: (facts) => isLost(facts) || facts.state === 'ended' || (facts.state === 'completed' && facts.release === 'closed'),
  end: '三次没接通的，由经办人另行告知后登记，一个也不会漏。活动已结束，标段可以重新抽取。',
  steps: [
    { ...DRAWN_FIRST, done: (facts) => ['completed', 'released'].includes(facts.state), why: '招标失败、不可抗力，评标前 5 小时可以退选。' },
    {
      done: (facts) => ['asked', 'approved', 'begun'].includes(facts.release), next: '周代理打开“退选”，点手机上方的“填入示例”放一份证明，再点“提交审核”。',
      taps: [agency(proof, onButton('提交审核'), onLink('退选'))],
      why: '申请已送到交易中心。核验通过以前，专家和标段都不动。',
    },
    {
      done: (facts) => ['approved', 'begun'].includes(facts.release), next: '郑核验点“待核验”，打开申请，再点“通过”。',
      taps: verifying,
      why: '核验通过，还要经办人自己启动。',
    },
    {
      done: (facts) => facts.release === 'begun', next: '周代理点“启动退选”，再点“确定启动退选”。',
      taps: [agency(onButton('确定启动退选'), '启动退选', onLink('退选'))],
      why: '活动已结束，专家已收到微信；8 点到 21 点之间，系统再逐一打电话，接通后发短信。',
    },
    {
      done: (facts) => facts.notified || (facts.release === 'begun' && facts.night), next: '专家点“接听”，听完即可；不在桌面的手机点上方的“来电”。没有来电就点“+1 分”。',
      taps: [{ ringing: true }, { news: 'calls' }, { clock: 60 }],
    },
  ],
};

const recall = {
  name: '⑥ 复评与公开核验',
  phones: [AGENCY, VERIFIER, EXPERT],
  facts: ['recall', 'recallState', 'recallNumber', 'recallLate', 'opened', 'spoke', 'answered'],
  isSpent: (facts) => isLost(facts) || facts.state === 'released' || (Boolean(facts.recallLate) && recalled(facts) < 5),
  end: '原专家已收到新的时间、地点和验证码；复评也有自己的抽取记录，同样公开。',
  steps: [
    { ...DRAWN_FIRST, done: (facts) => ['completed', 'ended'].includes(facts.state), why: '复评请回原来的专家，不重新抽取。' },
    {
      done: (facts) => facts.state === 'ended', next: '评标结束后才能复评：点上方的“+1 天”，直到活动自动结束（通常点两次）。',
      taps: [{ clock: 86400 }],
      why: '活动已结束，完整的抽取记录从此公开。',
    },
    {
      done: (facts) => facts.opened === facts.draw, next: '周代理打开“结果”，点“公开核验”。',
      taps: [agency(onLink('公开核验', '结果'))],
      why: '这就是公众看到的页面：不用登录，浏览器重新计算整份记录。',
    },
    {
      done: (facts) => recalled(facts) >= 0, next: '周代理回到活动，点“复评”，点手机上方的“填入示例”填好新时间，再点“确定复评”。',
      taps: [agency(sample, onButton('确定复评'), onLink('继续办理', '复评', '项目抽取'))],
      why: '复评活动已按原活动建好。',
    },
    {
      done: (facts) => recalled(facts) >= 1, next: '周代理点“提交审核”，填入示例证明，再点“提交审核”。',
      taps: [agency(proof, onButton('提交审核'), onLink('提交审核'))],
      why: '复评同样要经交易中心核验。',
    },
    { done: (facts) => recalled(facts) >= 2, next: '郑核验点“待核验”，打开申请，再点“通过”。', taps: verifying, why: '核验通过，系统会逐一通知原专家，由专家本人答复。' },
    {
      done: (facts) => facts.spoke || facts.answered || recalled(facts) >= 5, next: '周代理进入“通知原专家”，点“开始通知”；再保存自己的通话号码，点“虚拟号呼叫”，接听自己手机的来电。',
      taps: [{ ringing: true }, agency(onButton('开始通知'), onButton('保存'), onButton('虚拟号呼叫'), onLink('进入通知', '通知原专家'))],
      why: '系统先呼经办人，接听后再呼专家，双方都看不到对方号码；专家的来电在上方提示里。',
    },
    {
      done: (facts) => recalled(facts) >= 5, next: '谈妥后挂断，专家在自己手机上点“参加”，或接电话按 1；没人应答就点“+1 分”。都答复后，周代理提交最终确认结果；代理机构说的只是陈述，不能代替专家答复。',
      taps: [
        { ringing: true }, { role: 'expert', words: answered }, { news: true }, { clock: 60, until: 'answered' },
        agency(onButton('提交最终确认结果'), onLink('进入通知', '通知原专家')),
      ],
    },
  ],
};

export const STORIES = { draw, apply, call, exam, release, recall };
