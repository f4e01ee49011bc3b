// Cells that several pages show.
const { showNearTime } = require('./time');
const { INVITATION } = require('./words');

/** @param {Api.InvitationOut} item @returns {Shell.Cell} */
function invitationCell(item) {
  const [said, marked] = item.recused ? ['已回避', /** @type {Shell.Tone} */ ('')] : INVITATION[item.state];
  /** @type {[string, Shell.Tone]} */
  const [tag, tone] = item.checked_in_at ? ['已签到', 'good'] : [said, marked];
  return { label: showNearTime(item.gathering_at), note: item.place, tag, tone, url: `/pages/invitation?id=${item.id}` };
}

/** Cells with label and value, without those that have no value. @param {[string, string | null | undefined, string?][]} lines @returns {Shell.Cell[]} */
const facts = (lines) => lines.filter(([, value]) => value).map(([label, value, note]) => ({ label, value: value || '', note }));

/** The items without null, undefined, false and empty strings. @template T @param {(T | null | false | '')[]} items @returns {T[]} */
const present = (items) => items.filter((item) => Boolean(item)).map((item) => /** @type {T} */ (item));

module.exports = { facts, invitationCell, present };
