// Consent to the mini-program's messages, asked for at taps for which such messages follow.
const { call } = require('./api');

/** @typedef {Api.Calls['GET /consents']['given']['query']['occasion']} Occasion */

/**
 * Templates to ask for; fetched when the page is rendered, because WeChat shows the question only directly after a tap.
 * All of one kind: WeChat refuses a question that mixes long-term and one-time templates.
 * @param {Occasion[]} occasions @returns {Promise<string[]>}
 */
async function wanted(...occasions) {
  try {
    const found = await Promise.all(occasions.map((occasion) => call('GET /consents', { query: { occasion } })));
    const asked = found.flatMap(({ items }) => items).filter((one) => one.ask);
    const ids = asked.filter((one) => one.long_term === asked[0].long_term).map((one) => one.template_id);
    return [...new Set(ids)].slice(0, 3);
  } catch (error) {
    return []; // The page works without; another tap asks.
  }
}

/**
 * Call it in the handler of a tap, before any `await`. Never fails: a refusal doesn't stop the action.
 * @param {string[]} ids @returns {Promise<boolean>} whether all were accepted
 */
async function ask(ids) {
  if (!ids.length) return false;
  try {
    const { errMsg, ...answers } = await wx.requestSubscribeMessage({ tmplIds: ids });
    await call('POST /consents', { body: { answers: /** @type {Api.AnswersIn['answers']} */ (/** @type {unknown} */ (answers)) } });
    return ids.every((id) => /** @type {Record<string, unknown>} */ (answers)[id]?.toString().startsWith('accept'));
  } catch (error) {
    return false; // Switched off in WeChat's settings, or no network: the message is sent on another channel.
  }
}

module.exports = { ask, wanted };
