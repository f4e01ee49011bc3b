// The control API.
import { toast } from './dom.js';

export class Refused extends Error {}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(`/control/${path}`, options);
  } catch {
    throw new Refused('沙箱没有响应，请确认它还在运行。');
  }
  const answer = await response.json().catch(() => ({ error: `HTTP ${response.status}` }));
  if (!response.ok) throw new Refused(SENTENCES[answer.error] ?? answer.error);
  return answer;
}

const SENTENCES = {
  'the phone does not follow this account: follow first': '请先关注公众号。',
  'this code leads nowhere': '识别不了这个二维码。',
  'this QR code has expired': '二维码已过期，请换一个新的。',
  'this link has expired': '链接已过期。',
  'the call has ended already': '通话已结束。',
};

export const get = (path) => ask(path);
export const post = (path, body = {}) => ask(path, { method: 'POST', body: JSON.stringify(body) });

/** Awaits the work; shows a refusal as a toast and returns undefined. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(error.message);
    return undefined;
  }
}

/** Events of the sandbox; reloads the state after a lost connection. */
export function listen(onEvent, onOpen) {
  const source = new EventSource('/control/stream');
  source.onmessage = (message) => onEvent(JSON.parse(message.data));
  source.onopen = onOpen;
  return source;
}
