// Renders a page: WXML and data become elements, and a change of the data updates only the elements that use it.
import { isEvent, setterOf, TAGS } from './tags.js';

const valueOf = (given, scope) => (typeof given === 'function' ? given(scope) : given);

/** `data-from-clock` as pages read it: fromClock. */
const dataName = (name) => name.slice('data-'.length).replace(/-(\w)/g, (_, letter) => letter.toUpperCase());

/** What an event tells of its field: of a switch, whether it is on. */
const toldBy = (field) => (field.type === 'checkbox' ? field.checked : field.value);

export class Drawing {
  /** `page` has the methods that taps call; `host.phoneNumber()`, `host.consent()`, `host.openWeb(src, fail)`, `host.closeWeb()` act for WeChat. */
  constructor(root, { views, file, page, host }) {
    Object.assign(this, { root, views, page, host });
    this.nodes = views[file];
    this.templates = new Map(this.imported(file).flatMap((name) => views[name]).filter(({ tag, attributes }) => tag === 'template' && attributes.name)
      .map(({ attributes, children }) => [attributes.name, children]));
  }

  /** The file itself and those that it imports. */
  imported(file) {
    const others = this.views[file].filter(({ tag }) => tag === 'import');
    return [file, ...others.map(({ attributes }) => new URL(attributes.src, `file:///${file}`).pathname.slice(1))];
  }

  draw(data) { this.patch(this.root, this.expand(this.nodes, data, '')); }

  end() { this.patch(this.root, []); }

  // -- WXML and data to a tree ---------------------------------------------------------------------------------

  expand(nodes, scope, at) {
    const found = [];
    let taken = false;
    nodes.forEach((node, place) => {
      const key = `${at}/${place}`;
      if (typeof node !== 'object') {
        found.push({ key, text: String(valueOf(node, scope) ?? '') });
        return;
      }
      const { attributes } = node;
      if ('wx:if' in attributes) taken = false;
      const chained = 'wx:if' in attributes || 'wx:elif' in attributes || 'wx:else' in attributes;
      const condition = attributes['wx:if'] ?? attributes['wx:elif'] ?? true;
      const shown = !chained || (!taken && Boolean(valueOf(condition, scope)));
      if (chained) taken ||= shown;
      if (shown) found.push(...this.repeat(node, scope, key));
    });
    return found;
  }

  repeat(node, scope, at) {
    if (!('wx:for' in node.attributes)) return this.one(node, scope, at);
    const { 'wx:for-item': item = 'item', 'wx:for-index': index = 'index', 'wx:key': key } = node.attributes;
    const items = valueOf(node.attributes['wx:for'], scope) ?? [];
    return items.flatMap((one, place) => this.one(node, { ...scope, [item]: one, [index]: place }, `${at}#${one?.[key] ?? place}`));
  }

  one(node, scope, key) {
    const { tag, attributes, children } = node;
    if (tag === 'import' || attributes.name) return [];
    if (tag === 'block') return this.expand(children, scope, key);
    if (tag === 'template') return this.expand(this.template(attributes.is), valueOf(attributes.data, scope), key);
    const values = Object.entries(attributes).filter(([name]) => !name.startsWith('wx:')).map(([name, given]) => [name, valueOf(given, scope)]);
    return [{ key, tag, values: Object.fromEntries(values), children: this.expand(children, scope, key) }];
  }

  template(name) {
    const found = this.templates.get(name);
    if (!found) throw new Error(`there is no template “${name}”`);
    return found;
  }

  // -- the tree to elements ------------------------------------------------------------------------------------

  patch(parent, nodes) {
    const wanted = new Set(nodes.map(({ key }) => key));
    const before = parent.drawn ?? new Map();
    for (const [key, element] of before) if (!wanted.has(key)) this.remove(element);
    let next = parent.firstChild;
    parent.drawn = new Map();
    for (const node of nodes) {
      const element = before.get(node.key) ?? this.create(node);
      this.update(element, node);
      if (element === next) next = next.nextSibling;
      else parent.insertBefore(element, next);
      parent.drawn.set(node.key, element);
    }
  }

  create({ tag, text, values }) {
    if (text !== undefined) return document.createTextNode(text);
    const { make } = TAGS[tag];
    const element = typeof make === 'function' ? make() : document.createElement(make);
    element.classList.add(`wx-${tag}`);
    if (tag === 'button') element.type = 'button';
    for (const name of Object.keys(values).filter(isEvent)) this.listen(element, tag, name.slice('bind'.length));
    element.addEventListener('keydown', (event) => {
      if (element.getAttribute('role') !== 'button' || !['Enter', ' '].includes(event.key)) return;
      event.preventDefault();
      element.click();
    });
    return element;
  }

  update(element, { tag, text, values, children }) {
    if (text !== undefined) {
      if (element.data !== text) element.data = text;
      return;
    }
    const before = element.values ?? {};
    element.values = values;
    for (const [name, value] of Object.entries(values)) {
      if (value !== before[name] && !isEvent(name) && !name.startsWith('data-')) setterOf(tag, name)(element, value);
    }
    if (values.class !== before.class) element.classList.add(`wx-${tag}`);
    if (tag === 'web-view' && values.src !== before.src) this.host.openWeb(values.src, () => this.fire(element, 'error', {}));
    this.patch(TAGS[tag].inside?.(element) ?? element, children);
  }

  remove(element) {
    const gone = element.querySelectorAll ? [element, ...element.querySelectorAll('.wx-web-view')] : [];
    if (gone.some((one) => one.classList.contains('wx-web-view'))) this.host.closeWeb();
    element.remove();
  }

  // -- taps and input ------------------------------------------------------------------------------------------

  listen(element, tag, name) {
    if (name === 'tap') {
      element.addEventListener('click', (event) => {
        // A tap on a label is followed by one on its box: the second one counts.
        if (tag === 'label' && element.control && event.target !== element.control) return;
        this.fire(element, name, {});
      });
    } else if (name === 'agreeprivacyauthorization') {
      element.addEventListener('click', () => { this.host.consent(); this.fire(element, name, {}); });
    } else if (name === 'getphonenumber') {
      element.addEventListener('click', async () => {
        if (element.values['open-type'].includes('agreePrivacyAuthorization')) this.host.consent();
        this.fire(element, name, await this.host.phoneNumber());
      });
    } else if (name !== 'error') {
      element.addEventListener(name, (event) => this.fire(element, name, { value: toldBy(event.target) }));
    }
  }

  fire(element, type, detail) {
    const { values } = element;
    const method = values[`bind${type}`];
    if (typeof this.page[method] !== 'function') throw new Error(`${this.page.route} has no method “${method}”`);
    const dataset = Object.fromEntries(Object.keys(values).filter((name) => name.startsWith('data-')).map((name) => [dataName(name), values[name]]));
    this.page[method]({ type, detail, target: { dataset }, currentTarget: { dataset }, timeStamp: performance.now() });
  }
}
