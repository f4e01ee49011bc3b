// Projects and lots.
import { makeForm } from './forms.js';
import { ask, banner, button, buttons, cell, cells, empty, h, tag } from './ui.js';

export const PROJECT_FIELDS = [
  { name: 'name', label: '项目名称' },
  { name: 'category', label: '项目类型', placeholder: '工程建设项目招标投标/房屋建筑' },
  { name: 'region', label: '项目所在地', type: 'code', kind: 'region' },
  { name: 'funding_source', label: '资金来源' },
  { name: 'tender_method', label: '招标方式' },
  { name: 'organisation_form', label: '招标组织形式' },
  { name: 'tenderee_category', label: '招标人类别' },
  { name: 'investment', label: '总投资', type: 'wan', hint: '万元' },
  { name: 'tenderee_name', label: '招标人名称' },
  { name: 'tenderee_code', label: '招标人统一社会信用代码' },
  { name: 'internal_code', label: '使用内部编码', type: 'switch', hint: '部队等没有信用代码的单位' },
  { name: 'contact', label: '联系人' },
  { name: 'contact_phone', label: '联系电话', type: 'tel' },
  { name: 'agency_name', label: '代理机构名称' },
  { name: 'agency_code', label: '代理机构信用代码', hint: '选填' },
  { name: 'number', label: '项目编号', hint: '选填，进场项目按交易中心规则填写' },
  { name: 'on_site', label: '进场项目', type: 'switch' },
  { name: 'approval_number', label: '项目审批文号', hint: '选填' },
  { name: 'investment_code', label: '投资项目统一代码', hint: '选填' },
];
const CODES = { region: 'region' };
const yuan = (fen) => `${(fen / 1_000_000).toLocaleString('zh-CN')} 万元`;

/** List, also to choose one for a new draw. */
export async function projects(page) {
  const choosing = Boolean(page.params.choose);
  page.title(choosing ? '选择项目' : '项目与标段');
  const { items, total } = await page.api.get('/projects', { search: page.params.search, size: 50 });
  const word = h('input', { type: 'search', class: 'm-input', 'aria-label': '搜索项目', placeholder: '项目名称或编号' });
  word.value = page.params.search ?? '';
  const search = (event) => { event.preventDefault(); page.app.replace('projects', { ...page.params, search: word.value.trim() }); };
  const line = (item) => cell(item.name, '', {
    note: `${item.tenderee_name} · ${item.lots || 1} 个标段 · ${item.draws} 次抽取`,
    onclick: () => (choosing ? page.go('draw', { project: item.id, step: 'basic' }) : page.go('project', { id: item.id })),
  });
  return [
    h('form', { class: 'm-search', onsubmit: search }, word, h('button', { class: 'm-small' }, '搜索')),
    buttons(button('新建项目', () => page.go('project', choosing ? { choose: '1' } : {}), 'primary')),
    total ? cells(`共 ${total} 个项目`, items.map(line)) : empty('还没有项目。'),
  ];
}

/** One project: its form while it may change, and its lots. */
export async function project(page) {
  const { id, choose } = page.params;
  if (!id) {
    page.title('新建项目');
    return makeForm(page, PROJECT_FIELDS, {}, {
      label: choose ? '保存，下一步：活动信息' : '保存',
      submit: async (values) => {
        const made = await page.api.post('/projects', values);
        if (choose) await page.app.replace('draw', { project: made.id, step: 'basic' });
        else await page.app.replace('project', { id: made.id });
      },
    });
  }
  page.title('项目信息');
  return [await projectView(page, id), buttons(button('发起抽取', () => page.go('draw', { project: id, step: 'basic' }), 'primary'))];
}

/** What stands in a project, with its lots; editable where the service says so. */
export async function projectView(page, id) {
  const found = await page.api.get(`/projects/${id}`);
  const values = await Promise.all(PROJECT_FIELDS.filter((field) => found[field.name] !== undefined && found[field.name] !== '').map(async (field) => {
    const value = found[field.name];
    return cell(field.label, field.type === 'wan' ? yuan(value) : CODES[field.name] ? await page.api.name(CODES[field.name], value) : value);
  }));
  const edit = () => {
    const close = page.app.overlay('编辑项目', makeForm(page, PROJECT_FIELDS, found, {
      label: '保存', submit: async (form) => { await page.api.put(`/projects/${id}`, form); close(); page.refresh(); },
    }));
  };
  const own = page.isAgency;
  return [
    !found.editable && own && banner('该项目已发起抽取，项目信息不能再修改。'),
    cells('项目信息', values),
    lots(page, found, own),
    own && found.editable && buttons(button('编辑项目', edit), button('删除项目', async () => {
      if (!await ask(page, { title: '删除项目', text: `删除“${found.name}”？`, ok: '删除', kind: 'warn' })) return;
      await page.api.delete(`/projects/${id}`);
      page.toast('项目已删除。');
      page.app.back();
    }, 'warn')),
  ];
}

const LOT_FIELDS = [
  { name: 'name', label: '标段名称' }, { name: 'number', label: '标段编号', hint: '选填' },
  { name: 'investment', label: '投资金额', type: 'wan', hint: '万元，选填' },
];

function lots(page, found, own) {
  const path = `/projects/${found.id}/lots`;
  const edit = (lot) => {
    const form = makeForm(page, LOT_FIELDS, lot ?? {}, {
      label: '保存',
      submit: async (values) => {
        await (lot ? page.api.put(`${path}/${lot.id}`, values) : page.api.post(path, values));
        close();
        page.refresh();
      },
    });
    const remove = lot && buttons(button('删除标段', async () => {
      await page.api.delete(`${path}/${lot.id}`);
      close();
      page.refresh();
    }, 'warn'));
    const close = page.app.overlay(lot ? '编辑标段' : '新增标段', [form, remove].filter(Boolean));
  };
  const items = found.lots.map((lot) => cell(lot.name, lot.investment ? yuan(lot.investment) : '', {
    note: lot.number, tag: lot.draw_number ? tag('', lot.draw_number) : null, onclick: own && !lot.draw_id ? () => edit(lot) : null,
  }));
  const add = own && cell('新增标段', '＋', { onclick: () => edit(null) });
  return cells('标段', [...items, add].filter(Boolean), found.lots.length ? '' : '没有标段时，整个项目算一个标段。');
}
