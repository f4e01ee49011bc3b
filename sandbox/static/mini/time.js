// Times: the service speaks RFC 3339, people read and write Beijing time, which never shifts.
const BEIJING = 8 * 3600 * 1000;
const DAYS = '日一二三四五六';
const two = (number) => String(number).padStart(2, '0');
const shifted = (moment) => new Date(new Date(moment).getTime() + BEIJING);

/** 11月21日 周六 09:30, with the year when it isn't this one; an empty text for nothing. */
export function showTime(moment) {
  if (!moment) return '';
  const at = shifted(moment);
  const year = at.getUTCFullYear() === shifted(Date.now()).getUTCFullYear() ? '' : `${at.getUTCFullYear()}年`;
  return `${year}${at.getUTCMonth() + 1}月${at.getUTCDate()}日 周${DAYS[at.getUTCDay()]} ${showClock(moment)}`;
}

/** 09:30. */
export function showClock(moment) {
  const at = shifted(moment);
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
}

/** 09:30:05. */
export const showSecond = (moment) => `${showClock(moment)}:${two(shifted(moment).getUTCSeconds())}`;

/** What an input of type datetime-local holds. */
export const toInput = (moment) => (moment ? shifted(moment).toISOString().slice(0, 16) : '');

/** Back again; null for an empty input. */
export const fromInput = (value) => (value ? `${value}:00+08:00` : null);

/** `minutes` after `now` (milliseconds), rounded up to five minutes, as RFC 3339. */
export function later(now, minutes) {
  const step = 5 * 60 * 1000;
  return fromInput(toInput(Math.ceil((now + minutes * 60 * 1000) / step) * step));
}

/** 3 分 20 秒 until a moment, 2 小时 5 分 for longer, 已到 when it has passed. */
export function until(moment, now) {
  const seconds = Math.round((new Date(moment).getTime() - now) / 1000);
  if (seconds <= 0) return '已到';
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} 小时 ${minutes % 60} 分`;
  return minutes ? `${minutes} 分 ${seconds % 60} 秒` : `${seconds} 秒`;
}
