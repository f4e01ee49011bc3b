// Consent to the mini-program's messages, asked for at the taps where it serves the person.
import { Problem } from './api.js';

const MOST = 3;

/**
 * Prepares the question while the page is drawn, since WeChat allows it only straight from a tap (or after a payment).
 * The answer is to be called there, without waiting for anything before; it never fails and never keeps the act back:
 * who doesn't want to be asked is not, and who refuses goes on all the same.
 */
export async function consents(page, occasion) {
  const ids = await wanted(page, occasion);
  return async () => {
    const now = ids.splice(0);
    if (!now.length) return;
    try {
      const answers = await page.api.host.subscribe(now);
      await page.api.post('/consents', { answers });
    } catch (error) {
      if (!(error instanceof Problem) && !/^requestSubscribeMessage:fail/.test(error.message)) throw error;
    }
  };
}

/** Who always accepts sees no question, so one more consent costs nothing; who always refuses is not asked. */
async function wanted(page, occasion) {
  try {
    const [{ items }, kept] = await Promise.all([page.api.get('/consents', { occasion }), page.api.host.subscribeSettings()]);
    return items.filter(({ template_id: id, ask }) => kept[id] === 'accept' || (ask && !kept[id])).slice(0, MOST).map((one) => one.template_id);
  } catch (error) {
    if (error instanceof Problem) return [];
    throw error;
  }
}
