// Uploads over a bad connection: in parts, each repeated until the service has it; stored parts are never sent again.
import { h, Problem } from '../core/client.js';
import { photoPages } from './photo_pages.js';
import { isBound } from './photo_pdf.js';
import { fit, isHeic, isPicture } from './pictures.js';
import { uploads } from './uploads.js';

const PART = 256 * 1024;
const TRIES = 6;
const NAMES = { jpg: 'image/jpeg', png: 'image/png', pdf: 'application/pdf' };
const WORDS = { jpg: 'JPG', png: 'PNG', pdf: 'PDF' };

/** `1.5 MB` */
export const size = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} KB` : `${(bytes / 1e6).toFixed(1).replace('.0', '')} MB`);

/** The hint which files a field accepts. */
export function rule(file) {
  const count = file.count_max > 1 ? `，最多${file.count_max}个` : '';
  const shrunk = file.types.includes('jpg') ? '，照片过大会自动压缩' : isBound(file) ? '；也可以拍照，多页照片自动合成一个PDF' : '';
  return `${file.types.map((type) => WORDS[type]).join('、')}，每个不超过${size(file.size_max)}${count}${shrunk}`;
}

/** Types for the browser's file dialogue. iPhones convert HEIC to JPEG, unless HEIC is listed. */
function accepted(field) {
  const types = isBound(field) ? [...field.types, 'jpg', 'png'] : field.types;
  const named = types.map((type) => NAMES[type]);
  return (types.includes('jpg') && !/iPhone|iPad/.test(navigator.userAgent) ? [...named, 'image/heic', '.heic', '.heif'] : named).join(',');
}

/** Waits that long, or until the network is back. */
const pause = (seconds) => new Promise((done) => {
  setTimeout(done, seconds * 1000);
  window.addEventListener('online', done, { once: true });
});

/** Identifies a file that is chosen again after a failure; undefined where the browser can't hash. */
async function fingerprint(file) {
  if (!crypto.subtle) return undefined;
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function send(client, application, field, row, file, progress) {
  const begun = await client.post(`/applications/${application}/attachments`, {
    field, row, filename: file.name.slice(-200), size: file.size, media_type: file.type, sha256: await fingerprint(file),
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

/** The widget of a file field: its files, and a button to add one. `at.row` is the record's number; calls `changed()` after each change. */
export function uploader(client, application, field, { at = { row: 0 }, files = [], locked = false, changed = () => {} }) {
  const list = h('ul', { class: 'files' });
  const fault = h('p', { class: 'wrong', role: 'alert', hidden: true });
  const input = h('input', { type: 'file', hidden: true, 'aria-label': `${field.label}的文件`,
    accept: accepted(field), multiple: field.count_max > 1 || isBound(field) });
  const add = h('button', { type: 'button', class: 'add', 'aria-label': `上传${field.label}`, onclick: () => input.click() }, '＋ 上传');
  const state = { files: [...files], sending: 0 };
  const shown = new Map();

  const refuse = (text) => {
    fault.textContent = text;
    fault.hidden = !text;
    return false;
  };
  const arrange = () => { add.hidden = locked || pages.count > 0 || state.files.length + state.sending >= field.count_max; };
  const item = (file) => {
    const picture = h('span', { class: 'thumb' }, file.media_type === 'application/pdf' ? 'PDF' : '');
    if (file.media_type.startsWith('image/')) showThumbnail(client, file.id, picture);
    const element = h('li', {}, picture, h('span', { class: 'grow' }, file.filename, h('small', {}, size(file.size), file.taken_over && ' · 沿用上次申请，有变化请重新上传')),
      !locked && h('button', { type: 'button', class: 'link', 'aria-label': `删除${file.filename}`, onclick: () => remove(file) }, '删除'));
    shown.set(file.id, element);
    return element;
  };
  /** Removes all; true when there were any. */
  const clear = async () => {
    const there = state.files.length + pages.count;
    pages.clear();
    for (const file of [...state.files]) await remove(file);
    return there > 0;
  };
  const remove = async (file) => {
    try {
      await client.delete(`/attachments/${file.id}`);
      state.files = state.files.filter((other) => other.id !== file.id);
      shown.get(file.id).remove();
      arrange();
      changed();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      refuse(error.message);
    }
  };
  /** Uploads a file; false after a refusal. */
  const take = async (chosen) => {
    refuse('');
    if (state.files.length >= field.count_max) return refuse(`最多上传${field.count_max}个，请先删除一个。`);
    const file = await fit(chosen, field);
    if (file.size > field.size_max) {
      return refuse(`“${file.name}”有${size(file.size)}，超过${size(field.size_max)}，${isHeic(file) ? '请截图后上传截图' : '请压缩后再传'}。`);
    }
    let stored = false;
    const bar = h('progress', { max: 1, value: 0, 'aria-label': `正在上传${file.name}` });
    const waiting = h('li', {}, h('span', { class: 'thumb' }, '…'), h('span', { class: 'grow' }, file.name, bar));
    list.append(waiting);
    state.sending += 1;
    arrange();
    try {
      const done = await send(client, application, field.code, at.row, file, (part) => { bar.value = part; });
      state.files.push(done);
      waiting.replaceWith(item(done));
      stored = true;
      changed();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      waiting.remove();
      refuse(`“${file.name}”没有传上：${error.message}`);
    } finally {
      state.sending -= 1;
    }
    arrange();
    return stored;
  };
  const pages = photoPages(field, { more: () => input.click(), send: take, refuse, changed: () => arrange() });
  input.addEventListener('change', () => {
    const chosen = [...input.files];
    input.value = '';
    const photos = isBound(field) ? chosen.filter(isPicture) : [];
    const others = chosen.filter((file) => !photos.includes(file));
    if (photos.length) pages.add(photos);
    if (others.length) uploads.run(others.length, async () => {
      let stored = true;
      for (const file of others) stored = (await take(file)) && stored;
      return stored;
    });
  });
  list.append(...state.files.map(item));
  arrange();
  const adding = locked ? !files.length && '未上传' : [pages.element, add, input, h('p', { class: 'small' }, rule(field))];
  const focus = () => ((add.hidden && (list.querySelector('button') ?? pages.element.querySelector('button'))) || add).focus();
  return { element: h('div', { class: 'uploads' }, list, adding, fault), state, refuse, clear, focus };
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
