// A sheet over the page for choosing one entry of a long list: catalogues as a tree with search, employers.
import { h, Problem } from '../core/client.js';

/** Characters of a typed or pasted number with what stands around its digits, as `domain/parsing.py` reads them. */
export const NUMBER_LONGEST = 60;

/** A sheet with a title and a search box; all else scrolls below it, so that the first entry is seen above a keyboard. `fill(close)`
 *  returns {search, content}. `close(value)` closes it and resolves the promise with that value (undefined: nothing chosen). */
function sheet(title, fill) {
  return new Promise((resolve) => {
    const dialog = h('dialog', { class: 'sheet', 'aria-label': title });
    const close = (value) => { dialog.returned = value; dialog.close(); };
    const leave = keepInSight(dialog);
    dialog.addEventListener('close', () => { leave(); dialog.remove(); resolve(dialog.returned); });
    dialog.addEventListener('click', (event) => { if (event.target === dialog) close(undefined); });
    const { search, content } = fill(close);
    dialog.append(h('header', {},
      h('h2', {}, title),
      h('button', { type: 'button', class: 'close', 'aria-label': '关闭', onclick: () => close(undefined) }, '×')),
    search, h('div', { class: 'found' }, content));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Keeps a sheet inside what the keyboard leaves of the screen: iOS shrinks the visual viewport only. Returns what ends it. */
function keepInSight(dialog) {
  const place = () => {
    const { height, offsetTop, scale } = visualViewport;
    dialog.style.setProperty('--seen', `${Math.round(height * scale)}px`);
    dialog.style.setProperty('--above', `${scale > 1 ? 0 : Math.round(offsetTop)}px`);
  };
  if (!globalThis.visualViewport) return () => {};
  place();
  for (const event of ['resize', 'scroll']) visualViewport.addEventListener(event, place);
  return () => { for (const event of ['resize', 'scroll']) visualViewport.removeEventListener(event, place); };
}

const DELAY = 250;

/** Replaces the rows of a list. The row with the focused key keeps the focus, so a late answer does not interrupt keyboard use. */
function refill(list, rows) {
  const held = list.contains(document.activeElement) ? document.activeElement.closest('li').dataset.key : undefined;
  list.replaceChildren(...rows);
  list.parentElement?.scrollTo({ top: 0 });
  if (held) rows.find((row) => row.dataset.key === held)?.querySelector('button:enabled')?.focus();
}

/** A search box that calls `search(word)` a moment after typing has stopped, also for an empty word. */
function searchBox(placeholder, search) {
  let timer;
  let turn = 0;
  // No autofocus on touch screens: the keyboard would cover the list.
  const autofocus = matchMedia('(pointer: fine)').matches;
  const input = h('input', { type: 'search', placeholder, 'aria-label': placeholder, maxlength: 50, autocomplete: 'off', autofocus });
  input.addEventListener('input', () => {
    clearTimeout(timer);
    const mine = ++turn;
    timer = setTimeout(() => search(input.value.trim(), () => mine === turn), DELAY);
  });
  return h('div', { class: 'search' }, input);
}

/** One code of a catalogue, with its full name. Options: leaf (only entries without children), top (begin below), taken (codes not offered),
 *  allowed(node) → may be chosen. Resolves to {code, name} or undefined. */
export function pickCode(client, title, kind, { top = '', leaf = false, taken = new Set(), allowed = () => true } = {}) {
  return sheet(title, (close) => {
    const crumbs = h('nav', { class: 'trail', 'aria-label': '所在位置' });
    const list = h('ul', { class: 'list picks' });
    const trail = [{ code: top, name: '全部' }];
    const stem = kind === 'region' ? top.slice(0, 2) : top;

    const choose = (node) => close({ code: node.code, name: node.full_name });
    const open = async (at) => {
      trail.splice(trail.indexOf(at) + 1);
      crumbs.replaceChildren(...trail.map((parent) => h('button', { type: 'button', onclick: () => open(parent) }, parent.name)));
      await show(() => client.get(`/catalogues/${kind}`, { parent: at.code }));
    };
    const codeOf = (node) => node.code;
    const place = (node) => (node.full_name === node.name ? node.code : `${node.full_name} · ${node.code}`);
    const row = (node, where) => {
      const chosen = taken.has(node.code);
      const choosable = !chosen && allowed(node) && !(leaf && node.has_children);
      const down = node.has_children && h('button', { type: 'button', class: 'row grow', onclick: () => { trail.push(node); open(node); } },
        h('span', { class: 'grow' }, node.name, h('small', {}, where(node))));
      const pick = h('button', { type: 'button', class: 'pick', disabled: !choosable, 'aria-label': `选择${node.name}`, onclick: () => choose(node) },
        chosen ? '已选' : choosable ? '选择' : '');
      if (node.has_children) return h('li', { class: 'node', data: { key: node.code } }, down, choosable && pick);
      return h('li', { class: 'node', data: { key: node.code } },
        h('button', { type: 'button', class: 'row plain grow', disabled: !choosable, onclick: () => choose(node) },
          h('span', { class: 'grow' }, node.name, h('small', {}, chosen ? `${where(node)} · 已选` : where(node)))));
    };
    const show = async (load, where = codeOf) => {
      try {
        const { items } = await load();
        refill(list, items.map((node) => row(node, where)));
        if (!items.length) list.replaceChildren(h('li', { class: 'empty' }, '没有找到，请换个词，或清空后逐级查找。'));
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        list.replaceChildren(h('li', { class: 'empty' }, error.message));
      }
    };
    const search = (word, current) => {
      crumbs.hidden = word !== '';
      if (!word) return open(trail.at(-1));
      return show(async () => {
        const matches = await client.get(`/catalogues/${kind}/search`, { word, limit: 50 });
        if (!current()) throw new Problem(0, { detail: '正在查找……' });
        return { items: matches.items.filter((node) => node.code.startsWith(stem)) };
      }, place);
    };
    open(trail[0]);
    return { search: searchBox('输入名称或代码搜索', search), content: [crumbs, list] };
  });
}

const ANSWERS = { open: '等待添加', added: '已添加，请搜索并选择', refused: '未添加' };

/** The last three units that the person asked to add, with the state of each. */
function askedFor(requests) {
  if (!requests.length) return [];
  return [h('p', { class: 'hint' }, '您申请添加的单位：'), h('ul', { class: 'entries' }, requests.slice(0, 3).map((request) => h('li', {},
    h('strong', {}, request.name), h('small', {}, ANSWERS[request.state] + (request.state === 'refused' && request.answer ? `：${request.answer}` : '')))))];
}

/** An employer of the pool's list, or a request to add one. Resolves to {id, name, credit_code} or undefined. */
export function pickEmployer(client, hotline) {
  return sheet('选择工作单位', (close) => {
    const list = h('ul', { class: 'list picks' }, h('li', { class: 'empty' }, '请输入单位名称的一部分。'));
    const foot = h('div', { class: 'foot' });
    const requestList = h('div', { class: 'foot', role: 'region', 'aria-label': '您申请添加的单位' });
    const showAsked = async () => {
      try {
        const { items } = await client.get('/employer-requests');
        requestList.replaceChildren(...askedFor(items));
      } catch (error) {
        if (!(error instanceof Problem)) throw error; // A unit can be chosen without this list.
      }
    };
    const search = async (word, current) => {
      if (word.length < 2) {
        list.replaceChildren(h('li', { class: 'empty' }, '请至少输入两个字。'));
        return;
      }
      try {
        const { items } = await client.get('/employers', { word });
        if (!current()) return;
        refill(list, items.map((unit) => h('li', { class: 'node', data: { key: unit.id } },
          h('button', { type: 'button', class: 'row plain grow', onclick: () => close(unit) },
            h('span', { class: 'grow' }, unit.name, h('small', {}, unit.credit_code))))));
        if (!items.length) list.replaceChildren(h('li', { class: 'empty' }, '单位列表中没有。可以申请添加，添加后会通知您。'));
        foot.replaceChildren(askFor(word));
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        list.replaceChildren(h('li', { class: 'empty' }, error.message));
      }
    };
    const askFor = (word) => {
      const name = h('input', { value: word, maxlength: 100, 'aria-label': '单位全称', required: true });
      const code = h('input', { maxlength: NUMBER_LONGEST, 'aria-label': '统一社会信用代码（可不填）', placeholder: '统一社会信用代码（可不填）' });
      const status = h('p', { class: 'hint', role: 'status' });
      const form = h('form', { class: 'ask' },
        h('p', { class: 'hint' }, `没有找到？申请添加，或拨打${hotline}。`), name, code,
        h('button', { class: 'button small' }, '申请添加'), status);
      form.addEventListener('submit', async (event) => {
        event.preventDefault();
        try {
          await client.post('/employer-requests', { name: name.value.trim(), credit_code: code.value.trim() });
          status.textContent = '已提交。工作人员添加后会通知您，届时再来选择。';
          await showAsked();
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          status.textContent = error.message;
        }
      });
      return form;
    };
    showAsked();
    return { search: searchBox('输入单位名称搜索', search), content: [list, foot, requestList] };
  });
}
