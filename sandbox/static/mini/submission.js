// Handing an activity in for verification (提交审核), and what became of it.
import { attachment } from './attachment.js';
import { consents } from './consents.js';
import { makeForm } from './forms.js';
import { ask, banner, button, buttons, cell, cells, tag } from './ui.js';
import { showTime } from './time.js';

const STATES = { submitted: '待核验', approved: '已通过', refused: '已退回', withdrawn: '已撤回' };

export async function submission(page, found, { next }) {
  const { items } = await page.api.get(`/draws/${found.id}/applications`);
  const planned = found.conditions.reduce((sum, condition) => sum + condition.planned, 0);
  return [
    cells('本次抽取', [
      cell('活动', found.name), cell('专家', `${found.needed} 人`), cell('预计评标', showTime(found.starts_at)),
      cell('集合', found.notices.map((one) => showTime(one.gathering_at)).join('、') || '未设置'),
      cell('回避', `${found.recusal_units.length} 家单位，${found.recusal_persons.length} 人`),
      cell('抽取条件', `${found.conditions.length} 个，共 ${planned} 人`), cell('监督', found.supervisors.map((one) => one.name).join('、') || '未填写'),
    ]),
    ...await attachment(page, found),
    page.mayEdit(found) && handIn(page, found, await consents(page, 'submission')),
    found.state === 'submitted' && page.isAgency && [
      banner('已提交，等待交易中心核验；核验前可以撤回。'),
      buttons(button('撤回审核', async () => {
        if (!await ask(page, { title: '撤回审核', text: '撤回后可修改再提交。', ok: '撤回' })) return;
        await page.api.delete(`/draws/${found.id}/submission`);
        page.toast('已撤回。');
        page.refresh();
      })),
    ],
    items.length > 0 && cells('核验记录', items.map((item) => cell(showTime(item.submitted_at), '', {
      note: [item.terminal, item.attachment && `附件：${item.attachment}`, item.opinion && `意见：${item.opinion}`].filter(Boolean).join(' · '), tag: tag(item.state, STATES[item.state] ?? item.state),
    }))),
    found.state === 'submitted' ? watch(page, found) : null,
    !['editing', 'refused', 'submitted'].includes(found.state) && buttons(button('进入抽取', next, 'primary')),
  ];
}

function handIn(page, found, askConsent) {
  return makeForm(page, [
    { name: 'terminal', label: '抽取终端', type: 'choice', options: page.pool.choices.terminals.map((name) => [name, name]) },
    { name: 'reason', label: '申请说明', type: 'textarea', hint: '选填' },
  ], { terminal: found.terminal || undefined }, {
    label: '提交审核',
    submit: async (values) => {
      const asked = askConsent();
      await page.api.post(`/draws/${found.id}/submission`, values);
      await asked;
      page.toast('已提交，等待核验。');
      page.refresh();
    },
  });
}

/** The state changes in another hand: look now and then. */
function watch(page, found) {
  page.every(3000, async () => {
    const { state } = await page.api.get(`/draws/${found.id}/progress`);
    if (state === 'verified') page.show({ step: 'run' });
    else if (state !== found.state) page.refresh();
  });
  return null;
}
