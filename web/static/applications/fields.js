// The widgets of an application form: one for each kind of field, drawn from the pool's schema.
//
// A widget is {element, read(), refuse(text), focus()}; `read` returns the value in the API's format, undefined for none.
import { h } from '../core/client.js';
import { NUMBER_LONGEST, pickCode, pickEmployer } from './picker.js';
import { uploader } from './upload.js';

const INPUTS = {
  text: {}, textarea: {}, email: { type: 'email', autocomplete: 'email' }, mobile: { type: 'tel', inputmode: 'numeric', maxlength: NUMBER_LONGEST },
  phone: { type: 'tel' }, integer: { inputmode: 'numeric' }, date: { type: 'date', placeholder: '例如 2012-07-01' },
  month: { type: 'month', placeholder: '例如 2012-07' },
  bank_account: { inputmode: 'numeric', maxlength: NUMBER_LONGEST, autocomplete: 'off' },
  credit_code: { maxlength: NUMBER_LONGEST, autocapitalize: 'characters' },
};
let serial = 0;

/** @param context {client, application, names: Map, locked: bool, keptReason: why the value of the file is kept, or empty, changed(), hotline, schema} */
export function draw(field, value, context) {
  const locked = context.locked || field.read_only;
  if (locked && field.kind !== 'file') return shown(field, value, context);
  if (field.kind in INPUTS) return typed(field, value, context);
  return MAKERS[field.kind](field, value, { ...context, locked });
}

/** Label, control, hint and the place for an error. */
function frame(field, control, { group = false, locked = false } = {}) {
  const id = `f${++serial}`;
  const wrong = h('p', { class: 'wrong', id: `${id}w`, role: 'alert', hidden: true });
  const demanded = field.required && !field.default;  // what has a default may stay empty
  const mark = demanded && !locked && h('span', { class: 'must', title: '必填' }, '*');
  const hint = field.hint && h('p', { class: 'small', id: `${id}h` }, field.hint);
  const caption = group
    ? h('span', { class: 'caption', id: `${id}l` }, field.label, mark)
    : h('label', { class: 'caption', id: `${id}l`, for: id }, field.label, mark);
  if (group) {
    control.setAttribute('role', 'group');
    control.setAttribute('aria-labelledby', `${id}l`);
  } else {
    control.id = id;
  }
  if (control.tagName === 'BUTTON') control.setAttribute('aria-labelledby', `${id}l ${id}`);
  if (demanded && !group && control.tagName !== 'BUTTON') control.setAttribute('aria-required', 'true');
  const describe = (text) => {
    const ids = [field.hint && `${id}h`, text && `${id}w`].filter(Boolean).join(' ');
    if (ids) control.setAttribute('aria-describedby', ids);
    else control.removeAttribute('aria-describedby');
  };
  describe('');
  const element = h('div', { class: 'field', data: { field: field.code } }, caption, control, hint, wrong);
  const refuse = (text) => {
    wrong.textContent = text;
    wrong.hidden = !text;
    element.classList.toggle('bad', Boolean(text));
    if (text && !group && control.tagName !== 'BUTTON') control.setAttribute('aria-invalid', 'true');
    else control.removeAttribute('aria-invalid');
    describe(text);
  };
  return { element, refuse };
}

function typed(field, value, context) {
  const long = field.kind === 'textarea';
  const control = h(long ? 'textarea' : 'input', {
    maxlength: field.length_max, rows: long ? 4 : undefined, ...(long ? {} : INPUTS[field.kind]),
    ...(field.default && { placeholder: `不填按“${field.default}”办理` }),
  });
  control.value = value ?? '';
  const { element, refuse } = frame(field, control);
  if (field.length_max && ['text', 'textarea'].includes(field.kind)) element.append(counter(control, field.length_max));
  control.addEventListener('input', () => { refuse(''); context.changed(); });
  const read = () => {
    const text = control.value.trim();
    if (!text) return undefined;
    return field.kind === 'integer' && /^-?\d{1,9}$/.test(text) ? Number(text) : text;
  };
  return { element, read, refuse, focus: () => control.focus() };
}

function counter(control, most) {
  const box = h('span', { class: 'counter', 'aria-hidden': 'true' });
  const count = () => { box.textContent = `${control.value.length}/${most}`; };
  control.addEventListener('input', count);
  count();
  return box;
}

function choice(field, value, context) {
  const options = field.options.map((option) => h('option', { value: option, selected: option === value }, option));
  const control = h('select', {}, h('option', { value: '' }, field.default ? `不选按“${field.default}”办理` : '请选择'), options);
  const { element, refuse } = frame(field, control);
  control.addEventListener('change', () => { refuse(''); context.changed(); });
  return { element, read: () => control.value || undefined, refuse, focus: () => control.focus() };
}

function yesNo(field, value, context) {
  const name = `y${++serial}`;
  const radios = [[true, '是'], [false, '否']].map(([answer, word]) => {
    const input = h('input', { type: 'radio', name, value: word, checked: value === answer });
    input.checked = value === answer;
    input.addEventListener('change', () => { refuse(''); context.changed(); });
    return h('label', { class: 'radio' }, input, word);
  });
  const control = h('div', { class: 'radios' }, radios);
  const unchosen = field.default && `不选按“${field.default}”办理。`;
  const { element, refuse } = frame({ ...field, hint: [field.hint, unchosen].filter(Boolean).join(' ') }, control, { group: true });
  const read = () => {
    const chosen = control.querySelector('input:checked');
    return chosen ? chosen.value === '是' : undefined;
  };
  return { element, read, refuse, focus: () => control.querySelector('input').focus() };
}

/** A button that shows the choice and opens a sheet. */
function chooser(field, text, open, context) {
  const control = h('button', { type: 'button', class: 'choose' }, text || '请选择');
  control.classList.toggle('none', !text);
  const made = frame(field, control);
  control.addEventListener('click', async () => {
    const label = await open();
    if (label === undefined) return;
    control.textContent = label || '请选择';
    control.classList.toggle('none', !label);
    made.refuse('');
    context.changed();
  });
  return { ...made, focus: () => control.focus(), control };
}

function code(field, value, context) {
  let chosen = value;
  const kind = field.catalogue;
  const open = async () => {
    const node = await pickCode(context.client, field.label, kind, {
      top: field.below ?? (kind === 'region' ? context.province : ''), leaf: field.leaf,
      allowed: (option) => (kind === 'region' ? regionAllowed(field, option) : !field.code_length || option.code.length === field.code_length),
    });
    if (!node) return undefined;
    chosen = node.code;
    context.names.set(`${kind}/${node.code}`, node.name);
    return node.name;
  };
  const made = chooser(field, named(kind, value, context), open, context);
  return { element: made.element, refuse: made.refuse, focus: made.focus, read: () => chosen };
}

function regionAllowed(field, node) {
  const isCity = node.parent.endsWith('0000');
  if (field.city_only) return isCity;
  if (field.districts === false && !isCity && node.name.endsWith('区')) return false;
  return !node.code.endsWith('0000');
}

const named = (kind, value, context) => (value ? context.names.get(`${kind}/${value}`) ?? value : '');

function employer(field, value, context) {
  let chosen = value;
  const open = async () => {
    const unit = await pickEmployer(context.client, context.hotline);
    if (!unit) return undefined;
    chosen = unit.id;
    context.names.set(`employer/${unit.id}`, unit.name);
    return unit.name;
  };
  const made = chooser(field, named('employer', value, context), open, context);
  return { element: made.element, refuse: made.refuse, focus: made.focus, read: () => chosen };
}

/** Rows of widgets with add and remove; `make(row)` returns {element, widgets: {code: widget}, read()}. */
function rows(field, values, context, make) {
  const list = h('div', { class: 'rows' });
  const add = h('button', { type: 'button', class: 'add' }, `＋ 新增${field.label}`);
  const control = h('div', {}, list, add);
  const { element, refuse } = frame(field, control, { group: true });
  let made = [];
  const inside = { ...context, changed: () => { refuse(''); context.changed(); }, filesChanged: () => { refuse(''); return context.filesChanged?.(); } };
  const arrange = () => {
    add.hidden = made.length >= field.count_max;
    made.forEach((record, index) => {
      record.title.textContent = `${field.label} ${index + 1}`;
      record.place.row = index;
    });
  };
  const insert = (value) => {
    const place = { row: made.length };
    const record = make(value, place, inside);
    record.place = place;
    record.title = h('span', { class: 'grow' });
    record.card = h('fieldset', { class: 'rowcard' },
      h('div', { class: 'rowhead' }, record.title, h('button', { type: 'button', class: 'link', onclick: () => drop(record) }, '删除')),
      record.elements);
    made.push(record);
    list.append(record.card);
    arrange();
    return record;
  };
  // Files belong to the number of a row, so those of rows that move up have to be uploaded again.
  const drop = async (record) => {
    const moving = made.slice(made.indexOf(record) + 1);
    for (const other of [record, ...moving]) await other.clearFiles?.(other !== record);
    made = made.filter((other) => other !== record);
    record.card.remove();
    arrange();
    refuse('');
    context.changed();
    (made.at(-1)?.card.querySelector('button') ?? add).focus();
  };
  (values ?? []).forEach(insert);
  if (!made.length && field.required) insert({});
  add.addEventListener('click', () => { insert({}).focus(); context.changed(); });
  arrange();
  const read = () => {
    const rowValues = made.map((record) => record.read()).filter((row) => Object.keys(row).length);
    return rowValues.length ? rowValues : undefined;
  };
  return {
    element, read, refuse, focus: () => (made[0] ?? { focus: () => add.focus() }).focus(),
    inner: (index, name) => made[index]?.widgets[name], parts: () => made.flatMap((record) => Object.values(record.widgets)),
  };
}

function records(field, values, context) {
  return rows(field, values, context, (row, at, inside) => {
    const widgets = {};
    for (const column of field.columns) {
      const place = { ...column, code: column.kind === 'file' ? `${field.code}.${column.code}` : column.code };
      widgets[column.code] = draw(place, row[column.code], { ...inside, at });
    }
    const read = () => {
      const filled = {};
      for (const [name, widget] of Object.entries(widgets)) {
        const value = widget.read();
        if (value !== undefined) filled[name] = value;
      }
      return filled;
    };
    const clearFiles = async (tell) => {
      for (const widget of Object.values(widgets)) if (await widget.clear?.() && tell) widget.refuse('前面的一行已删除，请重新上传。');
    };
    return { elements: Object.values(widgets).map((widget) => widget.element), widgets, read, clearFiles, focus: () => Object.values(widgets)[0].focus() };
  });
}

function specialties(field, value, context) {
  const rule = context.schema.specialties;
  const fixed = context.fixed ?? new Set();
  let chosen = (value ?? []).map((specialty) => ({ ...specialty }));
  const list = h('ul', { class: 'chosen' });
  const add = h('button', { type: 'button', class: 'add' }, '＋ 选择评标专业');
  const control = h('div', {}, list, add);
  const { element, refuse } = frame({ ...field, hint: [field.hint, wording(rule)].filter(Boolean).join(' ') }, control, { group: true });

  const item = (specialty) => {
    const stays = fixed.has(specialty.code);
    const remove = !stays && h('button', { type: 'button', class: 'link', 'aria-label': `删除${named('specialty', specialty.code, context)}`,
      onclick: () => { chosen = chosen.filter((other) => other !== specialty); change(); } }, '删除');
    const kind = rule.preferred && h('select', { 'aria-label': '首选或备选', disabled: stays },
      h('option', { value: 'preferred' }, '首选'), h('option', { value: 'alternative' }, '备选'));
    if (kind) {
      kind.value = specialty.choice ?? 'preferred';
      kind.addEventListener('change', () => { specialty.choice = kind.value; change(); });
    }
    const back = context.returned?.get(specialty.code);
    const notice = back && h('small', { class: back.mended ? 'mended' : 'bad-text' }, back.mended ? '已退回，您已修改，提交后重新审核' : `已退回：${back.opinion}`);
    return h('li', { class: back && !back.mended ? 'returned' : undefined }, kind, h('span', { class: 'grow' },
      named('specialty', specialty.code, context), h('small', {}, stays ? `${specialty.code} 已提交，不能修改` : specialty.code), notice), remove);
  };
  const arrange = () => {
    list.replaceChildren(...chosen.map(item));
    add.hidden = chosen.length >= rule.count_max;
  };
  const change = () => { arrange(); refuse(''); context.changed(); };
  add.addEventListener('click', async () => {
    const node = await pickCode(context.client, '选择评标专业', 'specialty', {
      top: rule.classes.length === 1 ? rule.classes[0] : '', leaf: true, taken: new Set(chosen.map((specialty) => specialty.code)),
      allowed: (option) => option.code.length >= (rule.third_level_only ? 7 : 5),
    });
    if (!node) return;
    context.names.set(`specialty/${node.code}`, node.name);
    chosen.push({ code: node.code, choice: rule.preferred && chosen.some((specialty) => specialty.choice === 'preferred') ? 'alternative' : 'preferred' });
    change();
  });
  arrange();
  const read = () => (chosen.length ? chosen.map((specialty) => ({ code: specialty.code, choice: specialty.choice ?? 'preferred' })) : undefined);
  return { element, read, refuse, focus: () => add.focus() };
}

function wording(rule) {
  const parts = [rule.count_min === rule.count_max ? `须选${rule.count_max}个` : `可选${rule.count_min}至${rule.count_max}个`];
  if (rule.level_1_max) parts.push(`一级类别不超过${rule.level_1_max}个`);
  if (rule.level_2_max) parts.push(`二级类别不超过${rule.level_2_max}个`);
  if (rule.third_level_only) parts.push('只选三级专业');
  if (rule.preferred) parts.push('首选必入库，备选视情入库');
  if (rule.fixed_once_submitted) parts.push('提交后本次征集期间不可修改');
  return `${parts.join('，')}。`;
}

function files(field, _value, context) {
  let element;
  let refuse;
  const up = uploader(context.client, context.application, field, {
    at: context.at ?? { row: 0 }, locked: context.locked, changed: () => { refuse(''); return context.filesChanged(); },
    files: context.attachments.filter((file) => file.field === field.code && file.row === (context.at?.row ?? 0)),
  });
  const control = h('div', {}, !context.locked && context.template?.(field), up.element);
  ({ element, refuse } = frame(field, control, { group: true, locked: context.locked }));
  return { element, read: () => undefined, refuse, focus: up.focus, clear: up.clear };
}

/** A value that can't be changed here, as text. */
function shown(field, value, context) {
  const element = h('div', { class: 'field still', data: { field: field.code } },
    h('span', { class: 'caption' }, field.label), h('div', { class: 'value' }, words(field, value, context)),
    field.read_only && field.hint && h('p', { class: 'small' }, field.hint),
    context.keptReason && h('p', { class: 'small' }, context.keptReason));
  const wrong = h('p', { class: 'wrong', role: 'alert', hidden: true });
  element.append(wrong);
  element.tabIndex = -1;
  return { element, read: () => value ?? undefined, refuse: (text) => { wrong.textContent = text; wrong.hidden = !text; }, focus: () => element.focus() };
}

function words(field, value, context) {
  if (value === undefined || value === null || value === '') {
    return field.default ? `${field.kind === 'text' || field.kind === 'textarea' ? '未填' : '未选'}，按“${field.default}”` : '—';
  }
  if (field.kind === 'yes_no') return value ? '是' : '否';
  if (field.kind === 'catalogue' || field.kind === 'region') return named(field.catalogue, value, context);
  if (field.kind === 'employer') return named('employer', value, context);
  if (field.kind === 'specialties') {
    return h('ul', { class: 'lines' }, value.map((specialty) => h('li', {},
      context.schema.specialties.preferred && (specialty.choice === 'alternative' ? '备选 ' : '首选 '), named('specialty', specialty.code, context))));
  }
  if (field.kind === 'records' || field.kind === 'units') {
    return h('ul', { class: 'lines' }, value.map((row) => h('li', {},
      cells(field.columns, row, context).flatMap((cell, index) => (index ? ['，', cell] : [cell])))));
  }
  return String(value);
}

/** The values of a row as text, beginning and end joined: 2008-07 至今. */
function cells(columns, row, context) {
  const ends = new Map(columns.filter((column) => column.not_before && row[column.not_before]).map((column) => [column.not_before, column]));
  return columns.filter((column) => row[column.code] && ![...ends.values()].includes(column)).map((column) => {
    const end = ends.get(column.code);
    if (!end) return words(column, row[column.code], context);
    return `${row[column.code]} ${row[end.code] ? `至 ${row[end.code]}` : end.required ? '' : '至今'}`.trim();
  });
}

const MAKERS = { choice, yes_no: yesNo, catalogue: code, region: code, employer, records, units: records, specialties, file: files };
