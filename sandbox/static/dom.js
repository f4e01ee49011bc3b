// Small helpers: elements, icons, times in Beijing.

/** An element with properties, listeners (onclick …), data and children; false and null children are left out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'class') element.className = value;
    else if (name === 'data') Object.assign(element.dataset, value);
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== 'string') element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const PATHS = {
  signal: 'M3 20h3.4v-5H3v5Zm5.8 0h3.4V10H8.8v10Zm5.8 0H18V5h-3.4v15Z',
  chat: 'M9.5 4C5.4 4 2 6.8 2 10.2c0 2 1.1 3.7 2.9 4.9l-.7 2.3 2.6-1.3c.6.2 1.3.3 2 .3-.1-.4-.2-.9-.2-1.4 0-3.4 3.2-6 7-6h.6C15.6 6.2 12.9 4 '
    + '9.5 4Zm6.4 6.2c-3.4 0-6.1 2.3-6.1 5s2.7 5 6.1 5c.700 0 1.4-.1 2-.3l2.1 1.1-.6-1.9c1.6-.9 2.6-2.3 2.6-3.9 0-2.7-2.7-5-6.1-5Z',
  sms: 'M4 4h16a2 2 0 0 1 2 2v9.5a2 2 0 0 1-2 2h-9L6 21v-3.5H4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2Zm3 5v2h10V9H7Zm0 3.5v2h6v-2H7Z',
  phone: 'M6.6 3 9.7 7.3 7.8 9.8c1.2 2.7 3.3 4.9 6.2 6.3l2.4-2 4.6 2.9c-.4 2.5-2.2 4-4.2 4C9.8 20.9 3 13.9 3 7.1 3 5 4.4 3.3 6.6 3Z',
  mini: 'M12 2 3.5 6.8v10.4L12 22l8.5-4.8V6.8L12 2Zm0 2.3 6 3.4-6 3.4-6-3.4 6-3.4ZM5.5 9.4l5.5 3.1v6.3l-5.5-3.1V9.4Zm13 0v6.3L13 18.8v-6.3l5.5-3.1Z',
  mail: 'M4 5h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2Zm.6 2.300 7.4 5.600 7.400-5.600-.9-.8-6.500 4.900L5.500 6.500l-.9.8Z',
  keyboard: 'M3 6h18a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1Zm1.5 2.5v2h2v-2h-2Zm4 '
    + '0v2h2v-2h-2Zm4 0v2h2v-2h-2Zm4 0v2h3v-2h-3Zm-12 4v2h2v-2h-2Zm4 0v2h7v-2h-7Zm9 0v2h2v-2h-2Z',
  lines: 'M4 6h16v2H4V6Zm0 5h16v2H4v-2Zm0 5h16v2H4v-2Z',
  plus: 'M11 4h2v7h7v2h-7v7h-2v-7H4v-2h7V4Z',
  scan: 'M3 3h6v2H5v4H3V3Zm12 0h6v6h-2V5h-4V3ZM3 15h2v4h4v2H3v-6Zm16 0h2v6h-6v-2h4v-4ZM2 11h20v2H2v-2Z',
  place: 'M12 2a7 7 0 0 1 7 7c0 4.7-7 13-7 13S5 13.7 5 9a7 7 0 0 1 7-7Zm0 4.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5Z',
  close: 'm6.4 5 5.6 5.6L17.6 5 19 6.4 13.4 12l5.6 5.6-1.4 1.4-5.6-5.6L6.4 19 5 17.6l5.6-5.6L5 6.4 6.4 5Z',
  refresh: 'M12 4a8 8 0 0 1 6.9 4H16v2h6V4h-2v2.300A10 10 0 1 0 22 12h-2a8 8 0 1 1-8-8Z',
  back: 'm15.5 4 1.4 1.4L10.3 12l6.6 6.6-1.4 1.4L7.5 12l8-8Z',
  home: 'M12 3 3 11h2.500v9h5v-6h3v6h5v-9H21L12 3Z',
  more: 'M5 10a2 2 0 1 1 0 4 2 2 0 0 1 0-4Zm7 0a2 2 0 1 1 0 4 2 2 0 0 1 0-4Zm7 0a2 2 0 1 1 0 4 2 2 0 0 1 0-4Z',
  stop: 'M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18Zm0 2.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13Zm0 3a3.500 3.500 0 1 1 0 7 3.500 3.500 0 0 1 0-7Z',
  hangup: 'M12 9c-3.7 0-7.1 1.1-9.5 3.2-.6.5-.6 1.4-.1 2l2 2.2c.5.5 1.2.6 1.8.2l2.3-1.5c.5-.3.7-.8.7-1.3v-1.5a12 12 0 0 '
    + '1 5.6 0v1.5c0 .5.2 1 .7 1.3l2.3 1.5c.6.4 1.3.3 1.8-.2l2-2.2c.5-.6.5-1.5-.1-2C19.1 10.1 15.7 9 12 9Z',
  leave: 'M5 3h9v2H7v14h7v2H5V3Zm11.5 4.5L21 12l-4.5 4.5-1.4-1.4 2.1-2.1H10v-2h7.2l-2.1-2.1 1.4-1.4Z',
  mute: 'M4 9v6h4l5 5V4L8 9H4Zm12.5 0L15 10.5l1.5 1.5-1.5 1.5 1.5 1.5 1.5-1.5 1.5 1.5 1.5-1.5-1.5-1.5 1.5-1.5L19.5 9 18 10.5 16.5 9Z',
  speak: 'M4 9v6h4l5 5V4L8 9H4Zm11.5-.6v7.2c1.5-.7 2.5-2 2.5-3.6s-1-2.9-2.5-3.6Zm0-4.3v2.1c2.9.9 5 3.1 5 5.8s-2.1 4.9-5 5.8v2.1c4-.9 7-4.1 7-7.9s-3-7-7-7.9Z',
  card: 'M4 5h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2Zm4 3a2.200 2.200 0 1 0 0 4.400A2.200 2.200 0 '
    + '0 0 8 8Zm-4 8.500h8c0-2-1.800-3.200-4-3.200s-4 1.200-4 3.200ZM14 9v1.800h6V9h-6Zm0 3.500v1.800h6v-1.800h-6Z',
  user: 'M12 3a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Zm0 11c5 0 8 2.5 8 5v2H4v-2c0-2.5 3-5 8-5Z',
  keypad: 'M5 4h4v4H5V4Zm5 0h4v4h-4V4Zm5 0h4v4h-4V4ZM5 9.5h4v4H5v-4Zm5 0h4v4h-4v-4Zm5 0h4v4h-4v-4ZM5 15h4v4H5v-4Zm5 0h4v4h-4v-4Zm5 0h4v4h-4v-4Z',
  incoming: 'M19 5v2L9.4 16.6H16v2H6v-10h2v6.6L17.6 5H19Z',
};

export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.classList.add('icon');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}

const zone = { timeZone: 'Asia/Shanghai', hour12: false };
const HOUR = new Intl.DateTimeFormat('zh-CN', { ...zone, hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat('zh-CN', { ...zone, month: 'numeric', day: 'numeric' });
const WEEKDAY = new Intl.DateTimeFormat('zh-CN', { ...zone, month: 'numeric', day: 'numeric', weekday: 'short' });

/** Seconds since 1970 as 09:30. */
export const clockTime = (at) => HOUR.format(at * 1000);
export const weekday = (at) => WEEKDAY.format(at * 1000);

/** 09:30 today, 11/20 09:30 on another day. */
export function chatTime(at, now) {
  const day = DAY.format(at * 1000);
  return day === DAY.format(now * 1000) ? clockTime(at) : `${day} ${clockTime(at)}`;
}

/** ``text`` with its web addresses as buttons that call ``open``. */
export function withAddresses(text, open) {
  const parts = text.split(/(https?:\/\/[^\s<>"'，。；、）】》]+)/);
  return parts.map((part, index) =>
    index % 2 ? h('button', { type: 'button', class: 'link', onclick: () => open(part) }, part) : part);
}

let toastTimer;
export function toast(text) {
  const box = document.getElementById('toast');
  box.textContent = text;
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, 4000);
}

/** Copies a text to the clipboard; shows it where the browser forbids that. ``what`` names it. */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what}已复制`);
  } catch {
    toast(`${what}：${text}`);
  }
}
