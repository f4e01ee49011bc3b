// Elements for the tags of WXML, only those that the mini-program uses. For another tag an error names it.

/** Sets an attribute, or removes it without a value. */
const attribute = (name) => (element, value) => {
  if (value === undefined || value === null || value === false || value === '') element.removeAttribute(name);
  else element.setAttribute(name, value === true ? '' : String(value));
};

const ignored = () => {};

function role(element, value) {
  attribute('role')(element, value);
  attribute('aria-level')(element, value === 'heading' && '4');
  attribute('tabindex')(element, value === 'button' && '0');
}

/** Checks that the sandbox supports the value. */
const oneOf = (name, known, set) => (element, value) => {
  if (!(value in known)) throw new Error(`${name}="${value}" is not supported by the sandbox`);
  set(element, known[value]);
};

/** Sets a field's value only if it differs, so that typing is not disturbed. */
const typed = (element, value) => { if (element.value !== (value ?? '')) element.value = value ?? ''; };

const fieldOf = (element) => element.querySelector('input, select');

const pickerField = (set) => (element, value) => set(fieldOf(element), value);

/** The field of a mode: a day or a time is typed, one of a range is chosen from a list. */
function setMode(element, type) {
  const field = fieldOf(element);
  if (type !== 'list') { field.type = type; return; }
  if (field.tagName === 'SELECT') return;
  const list = document.createElement('select');
  list.setAttribute('aria-label', field.getAttribute('aria-label') ?? '');
  field.replaceWith(list);
  showRange(element);
}

/** A picker's list: `range` as texts, or objects whose `rangeKey` is shown; the value is the place in it. */
function showRange(element) {
  const list = element.querySelector('select');
  if (!list) return;
  const { range = [], rangeKey, chosen = 0 } = element;
  list.replaceChildren(...range.map((entry, at) => new Option(rangeKey ? entry[rangeKey] : entry, String(at))));
  list.value = String(chosen);
}

const ofRange = (name) => (element, value) => { element[name] = value; showRange(element); };

function setPicked(element, value) {
  typed(fieldOf(element), value);
  ofRange('chosen')(element, value);
}

/** Shows the children; the browser's own field lies over them, invisible. */
function makePicker() {
  const element = document.createElement('span');
  element.append(document.createElement('span'), document.createElement('input'));
  return element;
}

function makeCheckbox() {
  const element = document.createElement('input');
  element.type = 'checkbox';
  return element;
}

/** `{make, attributes, events}`; `inside` is where the children go. */
export const TAGS = {
  view: { make: 'div' },
  text: { make: 'span', attributes: { 'user-select': ignored } },
  label: { make: 'label' },
  button: {
    make: 'button',
    attributes: {
      disabled: (element, value) => { element.disabled = Boolean(value); },
      'open-type': oneOf('open-type', { 'getPhoneNumber|agreePrivacyAuthorization': true, agreePrivacyAuthorization: true }, ignored),
    },
    events: ['getphonenumber', 'agreeprivacyauthorization'],
  },
  input: {
    make: 'input',
    attributes: {
      type: oneOf('type', { number: 'numeric', idcard: 'text' }, (element, mode) => { element.inputMode = mode; }),
      maxlength: attribute('maxlength'),
      placeholder: attribute('placeholder'),
      value: typed,
    },
    events: ['input'],
  },
  checkbox: { make: makeCheckbox, attributes: { checked: (element, value) => { element.checked = Boolean(value); } } },
  switch: {
    make: makeCheckbox,
    attributes: { checked: (element, value) => { element.checked = Boolean(value); } },
    events: ['change'],
  },
  picker: {
    make: makePicker,
    inside: (element) => element.firstChild,
    attributes: {
      mode: oneOf('mode', { date: 'date', time: 'time', selector: 'list' }, setMode),
      range: ofRange('range'),
      'range-key': ofRange('rangeKey'),
      value: setPicked,
      start: pickerField(attribute('min')),
      'aria-label': pickerField(attribute('aria-label')),
    },
    events: ['change'],
  },
  'scroll-view': { make: 'div', attributes: { 'scroll-y': (element) => { element.tabIndex = 0; } } },
  'web-view': { make: 'div', attributes: { src: ignored }, events: ['error'] },
  'page-meta': { make: 'i', attributes: { 'root-font-size': ignored, 'page-font-size': ignored } },
};

const COMMON = {
  class: attribute('class'), id: attribute('id'), role, 'aria-role': role, 'aria-label': attribute('aria-label'), 'aria-modal': attribute('aria-modal'),
};
/** Tags that only control the rendering, with their permitted attributes. */
const DIRECTING = { block: [], import: ['src'], template: ['name', 'is', 'data'] };
const CONTROL = ['wx:if', 'wx:elif', 'wx:else', 'wx:for', 'wx:for-item', 'wx:for-index', 'wx:key'];

export const setterOf = (tag, name) => TAGS[tag].attributes?.[name] ?? COMMON[name];

export const isEvent = (name) => name.startsWith('bind');

function supports(tag, name) {
  if (CONTROL.includes(name)) return true;
  if (DIRECTING[tag]) return DIRECTING[tag].includes(name);
  if (isEvent(name)) return name === 'bindtap' || Boolean(TAGS[tag].events?.includes(name.slice('bind'.length)));
  return name.startsWith('data-') || Boolean(setterOf(tag, name));
}

/** Throws for the first tag or attribute of a tree that can't be rendered, naming it and the file. */
export function check(nodes, file) {
  for (const { tag, attributes = {}, children = [] } of nodes.filter((node) => typeof node === 'object')) {
    if (!TAGS[tag] && !DIRECTING[tag]) throw new Error(`miniprogram/${file}: <${tag}> is not supported by the sandbox`);
    for (const name of Object.keys(attributes)) {
      if (!supports(tag, name)) throw new Error(`miniprogram/${file}: ${name} of <${tag}> is not supported by the sandbox`);
    }
    if ('wx:for' in attributes && 'wx:if' in attributes) throw new Error(`miniprogram/${file}: wx:for with wx:if is not supported by the sandbox`);
    check(children, file);
  }
}
