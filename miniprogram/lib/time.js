// Times as text, in Beijing's time zone, which has no summer time.
const BEIJING = 8 * 3600 * 1000;
/** @param {number} number */
const two = (number) => String(number).padStart(2, '0');
/** @param {string | number} moment */
const shifted = (moment) => new Date(new Date(moment).getTime() + BEIJING);

/** 09:30. @param {string} moment */
function showClock(moment) {
  const at = shifted(moment);
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
}

/** 11月21日 周六 09:30, with the year when it isn't this one. @param {string} moment */
function showTime(moment) {
  const at = shifted(moment);
  const year = at.getUTCFullYear() === shifted(Date.now()).getUTCFullYear() ? '' : `${at.getUTCFullYear()}年`;
  return `${year}${at.getUTCMonth() + 1}月${at.getUTCDate()}日 周${'日一二三四五六'[at.getUTCDay()]} ${showClock(moment)}`;
}

const DAY = 24 * 3600 * 1000;
const NEAR = ['今天', '明天', '后天'];

/** 明天 11月21日 周六 09:30: as above, after the name of a near day. @param {string} moment */
function showNearTime(moment) {
  const day = (/** @type {string | number} */ at) => Math.floor(shifted(at).getTime() / DAY);
  const near = NEAR[day(moment) - day(Date.now())];
  return near ? `${near} ${showTime(moment)}` : showTime(moment);
}

/** 2026年11月21日. @param {string} moment */
function showDay(moment) {
  const at = shifted(moment);
  return `${at.getUTCFullYear()}年${at.getUTCMonth() + 1}月${at.getUTCDate()}日`;
}

/** The day that many days from now, as 2026-11-21, the format of date pickers. @param {number} days */
const dayAhead = (days) => shifted(Date.now() + days * DAY).toISOString().slice(0, 10);

module.exports = { dayAhead, showClock, showDay, showNearTime, showTime };
