// Fields that hold codes of a catalogue: chosen in a sheet, shown by name. Without scripts the person types the code.
import { Problem, h } from '../core/client.js';
import { pickCode } from '../applications/picker.js';

const client = {
  async get(path, query) {
    const answer = await fetch(`/agency${path}?${new URLSearchParams(query)}`, { credentials: 'same-origin' })
      .catch(() => { throw new Problem(0, { detail: '网络不通，请检查网络后重试。' }); });
    const reply = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Problem(answer.status, reply);
    return reply;
  },
};

function enhance(field) {
  const { codes: kind, label, top = '' } = field.dataset;
  const several = 'several' in field.dataset;
  const input = field.querySelector('input');
  const names = new Map();
  for (const nameElement of field.querySelectorAll('[data-name]')) {
    names.set(nameElement.dataset.name, nameElement.textContent);
    nameElement.remove();
  }
  let chosen = input.value.split(',').filter(Boolean);
  const list = h('ul', { class: 'chosen' });
  const choose = h('button', { type: 'button', class: 'choose', 'aria-haspopup': 'dialog' });
  const show = () => {
    input.value = chosen.join(',');
    list.replaceChildren(...chosen.map((code) => h('li', {}, h('span', {}, names.get(code) ?? code),
      h('button', {
        type: 'button', 'aria-label': `去掉${names.get(code) ?? code}`,
        onclick: () => { chosen = chosen.filter((other) => other !== code); show(); choose.focus(); },
      }, '×'))));
    choose.textContent = !chosen.length ? `选择${label}` : several ? `再选一个${label}` : '更换';
  };
  choose.addEventListener('click', async () => {
    const allowed = 'flat' in field.dataset ? (node) => !node.parent : undefined;
    const node = await pickCode(client, label, kind, { top, leaf: 'leaf' in field.dataset, taken: new Set(chosen), ...(allowed ? { allowed } : {}) });
    if (!node) return;
    names.set(node.code, node.name);
    chosen = several ? [...chosen, node.code] : [node.code];
    show();
    input.dispatchEvent(new Event('input', { bubbles: true }));
  });
  input.hidden = true;
  input.after(list, choose);
  field.querySelector('label').addEventListener('click', (event) => { event.preventDefault(); choose.focus(); });
  if (input.getAttribute('aria-invalid') === 'true') choose.setAttribute('aria-invalid', 'true');
  show();
}

const enhanceAll = () => document.querySelectorAll('.codes:not(:has(.choose))').forEach(enhance);
enhanceAll();
document.addEventListener('fresh', enhanceAll);
