// Forms: typed fields with their refusals beside them, and lists of a catalogue to choose from.
import { during, h, report } from './ui.js';
import { Problem } from './api.js';
import { fromInput, toInput } from './time.js';

let serial = 0;

/**
 * A form of fields {name, label, type, hint, placeholder, options, required, kind}. Types: text (default), tel, textarea,
 * time, whole, wan (10,000 yuan, kept as fen), choice (options [value, label]), switch, code and codes (of the catalogue
 * `kind`), supervisors (of the office's register).
 * ticks (options [value, label, off]).
 * `submit` gets the values; its refusal is shown at the field that it names. `form.put(name, value)` fills a text in.
 */
export function makeForm(page, fields, values, { label, submit }) {
  const widgets = fields.map((field) => new Widget(page, field, values[field.name]));
  const send = h('button', { type: 'submit', class: 'm-button primary' }, label);
  const form = h('form', {
    class: 'm-form', novalidate: true,
    onsubmit: (event) => {
      event.preventDefault();
      during(send, async () => {
        for (const widget of widgets) widget.complain('');
        try {
          await submit(Object.fromEntries(widgets.map((widget) => [widget.field.name, widget.value()])));
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          showRefusal(error, widgets);
        }
      });
    },
  }, h('div', { class: 'm-cells' }, widgets.map((widget) => widget.element)), h('div', { class: 'm-buttons' }, send));
  form.put = (name, value) => { form.querySelector(`#${widgets.find(({ field }) => field.name === name).id}`).value = value; };
  return form;
}

function showRefusal(problem, widgets) {
  let first = null;
  for (const [path, message] of Object.entries(problem.fields)) {
    const widget = widgets.find(({ field }) => path === field.name || path.startsWith(`${field.name}.`));
    if (!widget) continue;
    widget.complain(message);
    first ??= widget;
  }
  if (first) first.focus();
  else widgets[0].page.toast(problem.message);
}

class Widget {
  constructor(page, field, value) {
    this.page = page;
    this.field = field;
    this.id = `m-field-${++serial}`;
    this.error = h('small', { class: 'm-error', id: `${this.id}-error`, role: 'alert', hidden: true });
    this.control = (MAKERS[field.type] ?? MAKERS.text)(this, value);
    const wide = ['textarea', 'codes', 'supervisors', 'ticks'].includes(field.type);
    this.element = h('div', { class: `m-field m-type-${wide ? 'wide' : field.type ?? 'text'}` },
      h('label', { for: this.id, id: `${this.id}-label` }, field.label, field.hint && h('small', {}, field.hint)), this.control, this.error);
    const target = this.element.querySelector(`#${this.id}`);
    if (target.matches('button')) target.setAttribute('aria-labelledby', `${this.id}-label ${this.id}`);
  }

  complain(message) {
    this.error.textContent = message;
    this.error.hidden = !message;
    this.element.classList.toggle('wrong', Boolean(message));
    const target = this.element.querySelector(`#${this.id}`);
    if (message) { target.setAttribute('aria-invalid', 'true'); target.setAttribute('aria-describedby', this.error.id); }
    else target.removeAttribute('aria-invalid');
  }

  focus() { this.element.querySelector(`#${this.id}`).focus(); }
  value() { return this.read(); }
}

function input(widget, value, type, more = {}) {
  const element = h('input', { id: widget.id, type, placeholder: widget.field.placeholder ?? '', autocomplete: widget.field.autocomplete ?? 'off', ...more });
  element.value = value ?? '';
  widget.read = () => element.value.trim();
  return element;
}

const MAKERS = {
  text: (widget, value) => input(widget, value, 'text'),
  tel: (widget, value) => input(widget, value, 'tel', { inputmode: 'tel' }),
  time: (widget, value) => {
    const element = input(widget, toInput(value), 'datetime-local');
    widget.read = () => fromInput(element.value);
    return element;
  },
  whole: (widget, value) => {
    const element = input(widget, value, 'number', { min: '1', step: '1', inputmode: 'numeric' });
    widget.read = () => (Number.isInteger(element.valueAsNumber) ? element.valueAsNumber : 0);
    return element;
  },
  wan: (widget, value) => {
    const element = input(widget, value ? value / 1_000_000 : '', 'number', { min: '0', step: '0.01', inputmode: 'decimal' });
    widget.read = () => Math.round((element.valueAsNumber || 0) * 1_000_000);
    return element;
  },
  textarea: (widget, value) => {
    const element = h('textarea', { id: widget.id, rows: '2', placeholder: widget.field.placeholder ?? '' });
    element.value = value ?? '';
    widget.read = () => element.value.trim();
    const phrases = widget.field.phrases ?? [];
    if (!phrases.length) return element;
    return h('div', { class: 'm-phrased' }, element, h('div', { class: 'm-phrases', role: 'group', 'aria-label': '快速提示' },
      phrases.map((phrase) => h('button', { type: 'button', onclick: () => { element.value += phrase; } }, phrase))));
  },
  choice: (widget, value) => {
    const element = h('select', { id: widget.id }, widget.field.options.map(([key, label]) => h('option', { value: key }, label)));
    element.value = value ?? widget.field.options[0]?.[0] ?? '';
    widget.read = () => element.value;
    return element;
  },
  ticks: (widget, value) => {
    const given = new Set(value ?? []);
    const list = h('div', { class: 'm-ticks', id: widget.id, role: 'group', 'aria-label': widget.field.label, tabindex: '-1' },
      widget.field.options.map(([key, label, off]) => h('label', {}, h('input', { type: 'checkbox', value: key, checked: given.has(key), disabled: Boolean(off) }), label)));
    widget.read = () => [...list.querySelectorAll(':checked')].map((box) => box.value);
    return list;
  },
  switch: (widget, value) => {
    const element = h('input', { id: widget.id, type: 'checkbox', class: 'm-switch', role: 'switch', checked: Boolean(value) });
    widget.read = () => element.checked;
    return element;
  },
  code: (widget, value) => codeField(widget, value),
  codes: (widget, value) => codesField(widget, value),
  supervisors: (widget, value) => supervisorsField(widget, value),
};

function codeField(widget, value) {
  let chosen = value ?? '';
  const { kind, label, placeholder = '请选择' } = widget.field;
  const button = h('button', {
    type: 'button', id: widget.id, class: 'm-pick',
    onclick: () => choose(widget.page, kind, label, widget.field.required === false, (node) => { chosen = node.code; show(node.full_name); }),
  });
  const show = (name) => { button.textContent = name || placeholder; };
  show('');
  if (chosen) widget.page.api.name(kind, chosen).then(show, (error) => report(error, widget.page.app.root));
  widget.read = () => chosen;
  return button;
}

function codesField(widget, value) {
  const chosen = [...(value ?? [])];
  const { kind, label } = widget.field;
  const list = h('ul', { class: 'm-chips' });
  const draw = async () => {
    const named = await Promise.all(chosen.map(async (code) => [code, await widget.page.api.name(kind, code)]));
    list.replaceChildren(...named.map(([code, name]) => h('li', {}, name, h('button', {
      type: 'button', 'aria-label': `去掉${name}`,
      onclick: () => { chosen.splice(chosen.indexOf(code), 1); draw(); },
    }, '×'))));
  };
  draw().catch((error) => report(error, widget.page.app.root));
  widget.read = () => [...chosen];
  return h('div', { class: 'm-many' }, list, h('button', {
    type: 'button', id: widget.id, class: 'm-pick',
    onclick: () => choose(widget.page, kind, label, false, (node) => { if (!chosen.includes(node.code)) { chosen.push(node.code); draw(); } }),
  }, '添加'));
}

/** Lines {id, name, department} of the register; the value is their ids. */
function supervisorsField(widget, value) {
  const chosen = [...(value ?? [])];
  const list = h('ul', { class: 'm-chips' });
  const draw = () => list.replaceChildren(...chosen.map((one) => h('li', {}, `${one.name}（${one.department}）`, h('button', {
    type: 'button', 'aria-label': `去掉${one.name}`, onclick: () => { chosen.splice(chosen.indexOf(one), 1); draw(); },
  }, '×'))));
  draw();
  widget.read = () => chosen.map((one) => one.id);
  const add = (one) => { if (!chosen.some(({ id }) => id === one.id)) { chosen.push(one); draw(); } };
  return h('div', { class: 'm-many' }, list, h('button', {
    type: 'button', id: widget.id, class: 'm-pick', onclick: () => chooseSupervisor(widget.page, add),
  }, '从名册选择'));
}

function chooseSupervisor(page, done) {
  const list = h('div', { class: 'm-cells', 'aria-live': 'polite' });
  const word = h('input', { type: 'search', class: 'm-input', 'aria-label': '搜索监督人', placeholder: '输入姓名或单位搜索' });
  let asked = 0; // what is asked last is shown, whichever answer comes last
  const load = async () => {
    const turn = ++asked;
    try {
      const { items } = await page.api.get('/supervisors', { search: word.value.trim(), size: 50 });
      if (turn !== asked) return;
      list.replaceChildren(...items.map((one) => h('div', { class: 'm-cell' }, h('button', {
        type: 'button', class: 'm-node', onclick: () => { close(); done(one); },
      }, one.name, h('small', {}, `${one.department} ${one.masked_mobile}`)))));
      if (!items.length) list.replaceChildren(h('p', { class: 'm-empty' }, '名册中没有符合的监督人，请联系专家库管理机构添加。'));
    } catch (error) { report(error, list); }
  };
  word.addEventListener('input', load);
  const close = page.app.overlay('选择监督人', [
    h('div', { class: 'm-search' }, word), h('p', { class: 'm-note' }, '名册由专家库管理机构维护，不能自行填写手机号。'), list,
  ]);
  load();
}

// -- choosing from a catalogue -----------------------------------------------------------------------------------

/** A tree to open level by level, or to search. `done` gets {code, full_name}. */
function choose(page, kind, title, mayBeNone, done) {
  const { api } = page;
  const path = [];
  const list = h('div', { class: 'm-cells', 'aria-live': 'polite' });
  const trail = h('p', { class: 'm-note' });
  const word = h('input', { type: 'search', class: 'm-input', 'aria-label': `搜索${title}`, placeholder: '输入代码或名称搜索' });
  const pick = (node) => { close(); done(node); };
  const row = (node, opens) => h('div', { class: 'm-cell' },
    h('button', { type: 'button', class: 'm-node', onclick: () => pick(node) }, node.name, h('small', {}, node.full_name === node.name ? node.code : node.full_name)),
    opens && h('button', { type: 'button', class: 'm-open', 'aria-label': `${node.name}的下一级`, onclick: () => { path.push(node); load(); } }, '下一级'));
  const show = (nodes) => list.replaceChildren(...nodes.map((node) => row(node, node.has_children)));
  let asked = 0; // what is asked last is shown, whichever answer comes last
  const load = () => during(list, async () => {
    const turn = ++asked;
    const { items } = await api.get(`/catalogues/${kind}`, { parent: path.at(-1)?.code ?? '' });
    if (turn !== asked) return;
    trail.replaceChildren(path.length ? path.map((node) => node.name).join(' › ') : '点名称即选中',
      path.length ? h('button', { type: 'button', class: 'm-link', onclick: () => { path.pop(); load(); } }, '返回上一级') : '');
    show(items);
  });
  word.addEventListener('input', async () => {
    const turn = ++asked;
    const text = word.value.trim();
    if (!text) { load(); return; }
    try {
      const { items } = await api.get(`/catalogues/${kind}/search`, { word: text, limit: 30 });
      if (turn === asked) show(items);
    } catch (error) { report(error, list); }
  });
  const none = mayBeNone && h('button', { type: 'button', class: 'm-cell m-tap', onclick: () => pick({ code: '', full_name: '' }) }, '不限');
  const close = page.app.overlay(title, [h('div', { class: 'm-search' }, word), trail, none && h('div', { class: 'm-cells' }, none), list]);
  load();
}
