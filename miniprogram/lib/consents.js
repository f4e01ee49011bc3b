// Consent to the mini-program's messages, asked for at the taps where it serves the person.
const { call } = require('./api');

/** @typedef {Api.Calls['GET /consents']['given']['query']['occasion']} Occasion */

/**
 * Which templates to ask for; fetched when the page is drawn, because WeChat takes the question only straight from a tap.
 * @param {Occasion[]} occasions @returns {Promise<string[]>}
 */
async function wanted(...occasions) {
  try {
    const found = await Promise.all(occasions.map((occasion) => call('GET /consents', { query: { occasion } })));
    const ids = found.flatMap(({ items }) => items).filter((one) => one.ask).map((one) => one.template_id);
    return [...new Set(ids)].slice(0, 3);
  } catch (error) {
    return []; // If the person can't be asked now, another tap asks; the page works without.
  }
}

/** To be called in the tap, before anything is waited for. Never fails: a refusal doesn't stop the action. @param {string[]} ids */
async function ask(ids) {
  if (!ids.length) return;
  try {
    const { errMsg, ...answers } = await wx.requestSubscribeMessage({ tmplIds: ids });
    await call('POST /consents', { body: { answers: /** @type {Api.AnswersIn['answers']} */ (/** @type {unknown} */ (answers)) } });
  } catch (error) {
    // Switched off in WeChat's settings, or the network is away: the message comes by another channel.
  }
}

module.exports = { ask, wanted };
