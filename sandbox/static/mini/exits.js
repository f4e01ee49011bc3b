// The ways out of an activity: ended when its panel has met (结束活动), given up before (终止活动).
import { makeForm } from './forms.js';
import { ask, banner, button, buttons, h } from './ui.js';

const OVER = ['ended', 'terminated', 'released'];
const MET = ['completed', 'short', 'supplement_pending'];

/** Buttons for whoever may take a way out; nothing once the activity is over. */
export function exits(page, found) {
  if (OVER.includes(found.state)) return null;
  const begun = page.now() >= new Date(found.starts_at);
  const mayTerminate = page.me.role === 'verifier' || (page.isAgency && !found.started_at);
  const mayEnd = begun && MET.includes(found.state) && (page.isAgency || ['verifier', 'venue'].includes(page.me.role));
  if (!mayTerminate && !mayEnd) return page.isAgency && banner('抽取已开始，不再评标的请联系核验人员终止活动。');
  return buttons(
    mayTerminate && button('终止活动', () => terminate(page, found), 'warn'),
    mayEnd && button('结束活动', async () => {
      const reason = await ask(page, { title: '结束活动', text: '评标已进行，有专家未到或名额未补齐时也可以结束。', field: { label: '说明' }, ok: '结束' });
      if (!reason) return;
      await page.api.post(`/draws/${found.id}/end`, { reason });
      await page.refresh();
    }),
  );
}

function terminate(page, found) {
  const close = page.app.overlay('终止活动', h('div', { class: 'm-stack' },
    banner('停止呼叫，已同意的专家会立即收到“本次无需到场”，标段可重新申请抽取。原因类别写入抽取记录，不能恢复。', 'orange'),
    makeForm(page, [
      { name: 'cause', label: '原因', type: 'choice', options: page.pool.choices.termination_reasons.map(({ code, label }) => [code, label]) },
      { name: 'reason', label: '说明', type: 'textarea' },
    ], {}, {
      label: '终止活动',
      submit: async (values) => {
        await page.api.post(`/draws/${found.id}/termination`, values);
        close();
        page.toast('活动已终止，专家已收到通知。');
        await page.refresh();
      },
    })));
}
