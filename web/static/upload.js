// Files on a bad line: sent in parts, each repeated until it has arrived; what has arrived is never sent again.
import { h, Problem } from './client.js';

const PART = 256 * 1024;
const TRIES = 6;
const NAMES = { jpg: 'image/jpeg', png: 'image/png', pdf: 'application/pdf' };
const WORDS = { jpg: 'JPG', png: 'PNG', pdf: 'PDF' };

/** `1.5 MB` */
export const size = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} KB` : `${(bytes / 1e6).toFixed(1).replace('.0', '')} MB`);

/** What a field takes, as a hint. */
export function rule(file) {
  const count = file.count_max > 1 ? `，最多${file.count_max}个` : '';
  return `${file.types.map((type) => WORDS[type]).join('、')}，每个不超过${size(file.size_max)}${count}`;
}

const pause = (seconds) => new Promise((done) => { setTimeout(done, seconds * 1000); });

async function send(client, application, field, row, file, progress) {
  const begun = await client.post(`/applications/${application}/attachments`, {
    field, row, filename: file.name.slice(-200), size: file.size, media_type: file.type,
  });
  let received = begun.received;
  let failures = 0;
  while (received < file.size) {
    progress(received / file.size);
    try {
      const part = file.slice(received, received + PART);
      const response = await client.fetch('PUT', `/attachments/${begun.id}/parts/${received}`, await part.arrayBuffer(),
        { 'Content-Type': 'application/octet-stream' });
      received = (await response.json()).received;
      failures = 0;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 409 && Number.isInteger(error.params.received)) {
        received = error.params.received;
      } else if ((error.status !== 0 && error.status < 500 && error.status !== 429) || ++failures > TRIES) {
        throw error;
      } else {
        await pause(Math.min(2 ** failures, 20));
      }
    }
  }
  progress(1);
  return client.post(`/attachments/${begun.id}/completion`);
}

/** The widget of a file field: what is there, and a button for more. `changed()` after each change. */
export function uploader(client, application, field, { row = 0, files = [], locked = false, changed = () => {} }) {
  const list = h('ul', { class: 'files' });
  const said = h('p', { class: 'wrong', role: 'alert', hidden: true });
  const input = h('input', { type: 'file', class: 'hidden', tabindex: -1, 'aria-hidden': 'true',
    accept: field.types.map((type) => NAMES[type]).join(','), multiple: field.count_max > 1 });
  const add = h('button', { type: 'button', class: 'add', onclick: () => input.click() }, '＋ 上传');
  const state = { files: [...files] };

  const refuse = (text) => { said.textContent = text; said.hidden = !text; };
  const arrange = () => { add.hidden = locked || state.files.length >= field.count_max; };
  const item = (file) => {
    const picture = h('span', { class: 'thumb' }, file.media_type === 'application/pdf' ? 'PDF' : '');
    if (file.media_type.startsWith('image/')) showThumbnail(client, file.id, picture);
    const element = h('li', {}, picture, h('span', { class: 'grow' }, file.filename, h('small', {}, size(file.size))),
      !locked && h('button', { type: 'button', class: 'link', 'aria-label': `删除${file.filename}`, onclick: () => remove(file, element) }, '删除'));
    return element;
  };
  const remove = async (file, element) => {
    try {
      await client.delete(`/attachments/${file.id}`);
      state.files = state.files.filter((one) => one.id !== file.id);
      element.remove();
      arrange();
      changed();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      refuse(error.message);
    }
  };
  const take = async (file) => {
    refuse('');
    if (file.size > field.size_max) return refuse(`“${file.name}”有${size(file.size)}，超过${size(field.size_max)}，请压缩后再传。`);
    if (state.files.length >= field.count_max) return refuse(`最多上传${field.count_max}个，请先删除一个。`);
    const bar = h('progress', { max: 1, value: 0, 'aria-label': `正在上传${file.name}` });
    const waiting = h('li', {}, h('span', { class: 'thumb' }, '…'), h('span', { class: 'grow' }, file.name, bar));
    list.append(waiting);
    try {
      const done = await send(client, application, field.code, row, file, (part) => { bar.value = part; });
      state.files.push(done);
      waiting.replaceWith(item(done));
      changed();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      waiting.remove();
      refuse(`“${file.name}”没有传上：${error.message}`);
    }
    arrange();
    return undefined;
  };
  input.addEventListener('change', async () => {
    const chosen = [...input.files];
    input.value = '';
    for (const file of chosen) await take(file);
  });
  list.append(...state.files.map(item));
  arrange();
  return { element: h('div', { class: 'uploads' }, list, add, input, h('p', { class: 'small' }, rule(field)), said), state, refuse, focus: () => add.focus() };
}

async function showThumbnail(client, id, place) {
  try {
    const response = await client.fetch('GET', `/attachments/${id}/thumbnail`);
    const url = URL.createObjectURL(await response.blob());
    const picture = h('img', { src: url, alt: '' });
    picture.addEventListener('load', () => URL.revokeObjectURL(url));
    place.replaceChildren(picture);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
}
