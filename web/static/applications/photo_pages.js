// Photos that wait to become one PDF: a line for each page, a button for the next one, and one that binds and sends them.
import { h } from '../core/client.js';
import { bindPhotos } from './photo_pdf.js';
import { uploads } from './uploads.js';

/** `more()` opens the file dialogue, `send(file)` uploads and returns whether it is stored, `refuse(text)` shows a refusal, `changed()` is called
 *  after each change. */
export function photoPages(field, { more, send, refuse, changed }) {
  let pages = [];
  const list = h('ol', { class: 'files' });
  const bind = h('button', { type: 'button', class: 'button small', onclick: () => uploads.run(1, flush) });
  const element = h('div', { class: 'photo-pages' });
  const content = [h('p', { class: 'small' }, '照片将合成一个PDF，一页一张：'), list,
    h('button', { type: 'button', class: 'add', onclick: more }, '＋ 再加一页'), bind];
  const draw = () => {
    element.replaceChildren(...(pages.length ? content : []));
    bind.textContent = `合成PDF并上传（共${pages.length}页）`;
    list.replaceChildren(...pages.map((photo, at) => h('li', {}, h('span', { class: 'grow' }, `第${at + 1}页`, h('small', {}, photo.name)),
      h('button', { type: 'button', class: 'link', 'aria-label': `去掉第${at + 1}页`, onclick: () => set(pages.filter((other) => other !== photo)) }, '删除'))));
  };
  const set = (photos) => {
    pages = photos;
    if (pages.length) uploads.waiting.add(flush);
    else uploads.waiting.delete(flush);
    draw();
    changed();
  };
  /** Binds and uploads the photos; they stay if that fails. True when nothing is left. */
  const flush = async () => {
    const bound = pages;
    const file = await bindPhotos(bound, field.label, field.size_max).catch(() => null);
    if (!file) refuse('有的照片打不开，请换成JPG照片，或截图后上传截图。');
    const stored = file !== null && (await send(file));
    if (stored) set(pages.filter((photo) => !bound.includes(photo)));
    return stored;
  };
  return { element, add: (photos) => set([...pages, ...photos]), clear: () => set([]), get count() { return pages.length; } };
}
