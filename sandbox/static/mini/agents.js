// A legal entity's agents (我的经办人).
import { makeForm } from './forms.js';
import { ask, banner, button, cell, cells, tag } from './ui.js';
import { showTime } from './time.js';

const STATES = { waiting: '待本人同意', active: '有效', expired: '已过期', future: '未开始', revoked: '已取消' };

export async function agents(page) {
  page.title('我的经办人');
  const { items } = await page.api.get('/organisations/agents');
  const add = () => {
    const close = page.app.overlay('添加经办人', makeForm(page, [
      { name: 'mobile', label: '手机号', type: 'tel' }, { name: 'name', label: '姓名' },
      { name: 'valid_until', label: '有效期至', type: 'time', hint: '选填' },
    ], {}, {
      label: '发出关联请求',
      submit: async (values) => {
        await page.api.post('/organisations/agents', values);
        close();
        page.toast('已发出，请本人在小程序“我的账号”中同意。');
        page.refresh();
      },
    }));
  };
  const strike = async (link) => {
    if (!await ask(page, { title: '取消经办人', text: `取消后，${link.masked_name}不能再代表本企业办理。`, ok: '取消关联', kind: 'warn' })) return;
    await page.api.delete(`/organisations/agents/${link.link_id}`);
    page.refresh();
  };
  return [
    banner('经办人只看得到自己办理的活动；本账号看得到全部。'),
    cells('经办人', [
      ...items.map((link) => cell(`${link.masked_name} ${link.masked_mobile}`, '', {
        note: `${showTime(link.valid_from)} 至 ${showTime(link.valid_until)}`, tag: tag(link.state === 'active' ? 'accepted' : '', STATES[link.state]),
        onclick: ['revoked', 'expired'].includes(link.state) ? null : () => strike(link),
      })),
      cell('添加经办人', '＋', { onclick: add }),
    ]),
  ];
}
