// The face check before an examination: WeChat runs it on the phone, the service asks WeChat's server for the result.
import { Client, Problem } from '../core/client.js';

const form = document.querySelector('[data-face]');
const path = `/exams/${form.dataset.face}/face-check`;
const client = new Client(form.dataset.pool);
const refused = form.querySelector('[role=alert]');
const button = form.querySelector('button');

function showRefusal(text) {
  refused.textContent = text;
  refused.hidden = !text;
}

/** Opens WeChat's dialog. Its answer is ignored, since the service asks WeChat's server. */
const run = (check) => new Promise((done) => {
  window.WeixinJSBridge.invoke('requestFacialVerify', { verifyId: check }, done);
});

async function check() {
  if (!window.WeixinJSBridge) {
    showRefusal('人脸核身在微信里进行，请在手机微信中打开本页。');
    return;
  }
  const begun = await client.json('POST', path, { consent: form.elements.consent.checked });
  await run(begun.check);
  const outcome = await client.json('POST', `${path}/result`, { check: begun.check });
  if (outcome.passed) location.reload(); else showRefusal(outcome.advice);
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  showRefusal('');
  button.disabled = true;
  try {
    await check();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    showRefusal(error.message);
  } finally {
    button.disabled = false;
  }
});
