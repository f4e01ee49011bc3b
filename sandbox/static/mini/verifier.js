// The trading centre's verifier (核验).
import { waitingPart } from './absences.js';
import { attachment } from './attachment.js';
import { overview } from './draw.js';
import { recusal } from './recusal.js';
import { conditions } from './conditions.js';
import { ask, banner, button, buttons, cell, cells, empty, h, tag } from './ui.js';
import { showTime } from './time.js';

const STATES = [['submitted', '待核验'], ['approved', '已通过'], ['refused', '已退回'], ['withdrawn', '已撤回']];

/** The queue, oldest first. */
export async function verifier(page) {
  page.title('核验');
  const state = page.params.state ?? 'submitted';
  const queue = await page.api.get('/verification/applications', { state, size: 50 });
  const marks = queue.items.map((item) => item.id).join();
  page.every(4000, async () => {
    const fresh = await page.api.get('/verification/applications', { state, size: 50 });
    if (fresh.items.map((item) => item.id).join() !== marks) page.refresh();
  });
  return [
    await waitingPart(page),
    h('div', { class: 'm-tabs', role: 'group', 'aria-label': '状态' }, STATES.map(([value, label]) => h('button', {
      type: 'button', 'aria-pressed': String(value === state), onclick: () => page.show({ state: value }),
    }, label))),
    queue.items.length ? cells('', queue.items.map((item) => cell(item.draw_name, '', {
      note: `${item.organisation} · ${item.applicant}\n${showTime(item.submitted_at)}提交`, tag: tag(item.state, STATES.find(([value]) => value === item.state)[1]),
      onclick: () => page.go('application', { id: item.id, draw: item.draw_id, state: item.state }),
    }))) : empty(state === 'submitted' ? '没有待核验的申请。' : '没有记录。'),
    cells('', [cell('抽取活动', '', { onclick: () => page.go('draws') }), cell('签到台', '', { onclick: () => page.go('desk') }), cell('我的账号', '', { onclick: () => page.go('account') })]),
  ];
}

/** One application with everything that is asked for. */
export async function application(page) {
  const { id, draw: drawId } = page.params;
  page.title('核验申请');
  const [found, listed] = await Promise.all([page.api.get(`/draws/${drawId}`), page.api.get(`/draws/${drawId}/applications`)]);
  const item = listed.items.find((one) => one.id === id);
  const decide = (what, options) => async () => {
    const opinion = await ask(page, options);
    if (opinion === null) return;
    await page.api.post(`/verification/applications/${id}/${what}`, { opinion });
    page.toast(what === 'approval' ? '已通过，代理机构可以开始三方摇号。' : '已退回，代理机构会收到原因。');
    page.app.home();
  };
  return [
    item && cells('申请', [cell('单位', item.organisation), cell('申请人', item.applicant), cell('抽取终端', item.terminal), item.reason && cell('说明', item.reason),
      item.terminated > 0 && cell('本项目此前未评标的活动', `${item.terminated} 个`, { note: '核验通过后终止或到期未评标，请核实原因' }),
      item.original && cell('原活动', item.original),
      item.redrawn > 0 && cell('同一项目已重新抽取', `${item.redrawn} 次`, { note: '请核实原因' }),
      item.elsewhere > 0 && cell('同名或同编号的其他项目', `${item.elsewhere} 个活动`, { note: '可能是同一招标重复立项抽取，请核实' })].filter(Boolean)),
    await attachment(page, found), overview(found), await recusal(page, found, {}), await conditions(page, found, {}),
    item?.state === 'submitted' ? buttons(
      button('退回', decide('refusal', { title: '退回核验', text: '请写明需要修改的内容。', field: { label: '意见', type: 'textarea' }, ok: '退回', kind: 'warn' }), 'warn'),
      button('通过', decide('approval', { title: '通过核验', text: '通过后代理机构可以开始三方摇号。', field: { label: '意见', placeholder: '选填', required: false }, ok: '通过' }), 'primary'),
    ) : banner('这份申请已处理。'),
  ];
}
