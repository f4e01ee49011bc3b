// An answer file: answers that this browser could not send before the end of an attempt, encrypted for the service's key.
// services/exams/attempts/answer_files.py describes its format.
import { h, toast } from '../core/client.js';

const INFO = new TextEncoder().encode('pbt-answer-file-v1');

const decode = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));

function encode(bytes) {
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Unsent answers of an attempt: {device, queue}; null if all were sent. */
export function findUnsent(attempt) {
  try {
    const stored = JSON.parse(localStorage.getItem(`exam.${attempt}`));
    return stored?.queue.length ? stored : null;
  } catch {
    return null;
  }
}

/** Deletes the answers of an attempt, after they were handed in. */
export const forget = (attempt) => localStorage.removeItem(`exam.${attempt}`);

/** The file's text. Without WebCrypto it is not encrypted. */
export async function writeFile(key, attempt, { device, queue }) {
  const last = new Map(queue.map(({ slot, mask, text, at }) => [slot, { slot, mask, text, at }]));
  const content = new TextEncoder().encode(JSON.stringify({ device, made_at: new Date().toISOString(), answers: [...last.values()] }));
  const name = attempt.replaceAll('-', '');
  return crypto.subtle ? `PBT1.${name}.${encode(await seal(decode(key), name, content))}` : `PBT0.${name}.${encode(content)}`;
}

async function seal(point, name, content) {
  const curve = { name: 'ECDH', namedCurve: 'P-256' };
  const theirs = await crypto.subtle.importKey('raw', point, curve, false, []);
  const own = await crypto.subtle.generateKey(curve, false, ['deriveBits']);
  const shared = await crypto.subtle.deriveBits({ name: 'ECDH', public: theirs }, own.privateKey, 256);
  const derived = await crypto.subtle.importKey('raw', shared, 'HKDF', false, ['deriveKey']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: INFO };
  const key = await crypto.subtle.deriveKey(how, derived, { name: 'AES-GCM', length: 256 }, false, ['encrypt']);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const body = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(name) }, key, content);
  const ours = await crypto.subtle.exportKey('raw', own.publicKey);
  return new Uint8Array([...new Uint8Array(ours), ...iv, ...new Uint8Array(body)]);
}

/** Shows the file: its text to copy, and a download. */
export function showAnswerFile(code, count) {
  const address = URL.createObjectURL(new Blob([code], { type: 'text/plain' }));
  const box = h('textarea', { rows: '4', readonly: true, class: 'mono small', 'aria-label': '离线作答文件的内容' });
  box.value = code;
  const copy = h('button', { type: 'button', class: 'button', onclick: () => copyText(box) }, '复制内容');
  return h('section', { class: 'answer-file', 'aria-label': '离线作答' },
    h('p', { class: 'bar warn' }, `本机有${count}次作答没有上传。网络恢复后在本机打开考试页面就能提交；也可以现在复制或保存，换设备提交。`),
    h('div', { class: 'group' }, h('div', { class: 'field' }, box)),
    h('div', { class: 'actions' }, copy, h('a', { class: 'button', href: address, download: 'zuoda.txt' }, '保存为文件')));
}

async function copyText(box) {
  box.select();
  try {
    await navigator.clipboard.writeText(box.value);
  } catch {
    document.execCommand('copy');
  }
  toast('已复制，请粘贴到备忘录或发给自己保存。');
}
