// Recusal units and persons (回避单位、回避人员): by hand, or from a filled-in template.
import { makeForm } from './forms.js';
import { button, buttons, cell, cells, h, save, tag } from './ui.js';

export async function recusal(page, found, { next }) {
  const own = page.mayEdit(found);
  return [
    cells('回避单位', found.recusal_units.map((unit) => cell(unit.name, '', {
      note: [unit.credit_code, unit.reason, unit.evidence].filter(Boolean).join(' · '),
      tag: unit.fixed ? tag('', '默认') : own && remove(page, `/draws/${found.id}/recusal-units/${unit.id}`, unit.name),
    })), '招标人和代理机构默认回避，不能删除。近三年在这些单位任职的专家不会被抽到。'),
    own && buttons(button('添加单位', () => addUnit(page, found)), button('批量导入', () => bulk(page, found, 'units', '单位'))),
    cells('回避人员', found.recusal_persons.length ? found.recusal_persons.map((person) => cell(person.name, '', {
      note: [person.unit_name, person.reason, person.evidence].filter(Boolean).join(' · '),
      tag: own && remove(page, `/draws/${found.id}/recusal-persons/${person.id}`, person.name),
    })) : [cell('无')]),
    own && buttons(button('添加人员', () => addPerson(page, found)), button('批量导入', () => bulk(page, found, 'persons', '人员'))),
    own && buttons(button('下一步：抽取条件', next, 'primary')),
  ];
}

function remove(page, path, name) {
  const element = button('删除', async () => { await page.api.delete(path); page.refresh(); });
  element.className = 'm-small';
  element.setAttribute('aria-label', `删除${name}`);
  return element;
}

const why = (page) => [
  { name: 'reason', label: '回避原因', type: 'choice', options: page.pool.choices.recusal_reasons.map((text) => [text, text]) },
  { name: 'evidence', label: '回避依据', type: 'choice', options: page.pool.choices.recusal_evidence.map((text) => [text, text]) },
];

function addUnit(page, found) {
  const close = page.app.overlay('添加回避单位', makeForm(page, [
    { name: 'name', label: '单位名称' }, { name: 'credit_code', label: '统一社会信用代码', hint: '选填' },
    ...why(page),
  ], {}, { label: '添加', submit: async (values) => { await page.api.post(`/draws/${found.id}/recusal-units`, values); close(); page.refresh(); } }));
}

function addPerson(page, found) {
  const close = page.app.overlay('添加回避人员', makeForm(page, [
    { name: 'name', label: '姓名' }, { name: 'id_number', label: '身份证号', hint: '不清楚时请填写所在单位' },
    { name: 'unit_name', label: '所在单位', hint: '有身份证号时选填' }, ...why(page),
  ], {}, { label: '添加', submit: async (values) => { await page.api.post(`/draws/${found.id}/recusal-persons`, values); close(); page.refresh(); } }));
}

function bulk(page, found, kind, word) {
  const wrong = h('ul', { class: 'm-wrong', role: 'alert' });
  const file = h('input', { type: 'file', accept: '.csv,.xlsx', 'aria-label': '选择填好的模板', class: 'm-input' });
  const template = button('下载模板', async () => {
    const response = await page.api.fetch('GET', `/recusal-templates/${kind}.xlsx`);
    if (!response.ok) await page.api.read(response);
    save(await response.blob(), `回避${word}模板.xlsx`);
  });
  const send = button('导入', async () => {
    wrong.replaceChildren();
    if (!file.files.length) { page.toast('请先选择填好的模板。'); return; }
    const form = new FormData();
    form.append('file', file.files[0]);
    try {
      const { added } = await page.api.post(`/draws/${found.id}/recusal-${kind}/import`, form);
      page.toast(`已导入 ${added} 条。`);
      close();
      page.refresh();
    } catch (error) {
      wrong.replaceChildren(...(error.params?.errors ?? []).map((line) => h('li', {}, `第 ${line.line} 行：${line.message}`)));
      throw error;
    }
  }, 'primary');
  const close = page.app.overlay(`批量导入回避${word}`, [
    h('p', { class: 'm-note' }, '请用模板填写，表头、回避原因和依据不要改动；有一行不对就一条也不导入。'), h('div', { class: 'm-search' }, file), wrong, buttons(template, send),
  ]);
}
