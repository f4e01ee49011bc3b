// Shows the code or opens WeChat's cashier, and polls the service for the result.
const form = document.getElementById('pay');
const go = document.getElementById('go');
const statusLine = document.getElementById('said');
const byBridge = form.dataset.way === 'jsapi';
let expires = 0;
let busy = false;
let paying = false;

function showStatus(text, bad = false) {
  statusLine.textContent = text;
  statusLine.classList.toggle('bad', bad);
}

async function requestOrder() {
  const answer = await fetch(form.action, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { Accept: 'application/json' },
    body: new URLSearchParams(new FormData(form)),
  });
  const reply = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(reply.message), { shown: true, code: reply.code });
  return reply;
}

function showCode(reply) {
  const qr = document.getElementById('qr');
  qr.setAttribute('viewBox', `0 0 ${reply.qr.size} ${reply.qr.size}`);
  qr.firstElementChild.setAttribute('d', reply.qr.d);
  document.getElementById('until').textContent = reply.until;
  document.getElementById('code').hidden = false;
  go.hidden = true;
  expires = Date.parse(reply.expires);
}

function bridge() {
  if (window.WeixinJSBridge) return Promise.resolve(window.WeixinJSBridge);
  return new Promise((resolve) => {
    document.addEventListener('WeixinJSBridgeReady', () => resolve(window.WeixinJSBridge), { once: true });
  });
}

async function callCashier(parameters) {
  const platform = await bridge();
  return new Promise((resolve) => {
    platform.invoke('getBrandWCPayRequest', parameters, (result) => resolve(result.err_msg));
  });
}

async function payHere() {
  const reply = await requestOrder();
  const result = await callCashier(reply.parameters);
  if (result === 'get_brand_wcpay_request:cancel') {
    showStatus('您已取消支付，可以再次支付。');
    return;
  }
  if (result !== 'get_brand_wcpay_request:ok') {
    showStatus('微信没有完成支付，请重试，或改用另一部手机扫码支付。', true);
    return;
  }
  paying = true;
  showStatus('支付结果确认中，请稍候……');
}

async function start() {
  if (busy) return;
  busy = true;
  go.disabled = true;
  showStatus(byBridge ? '' : '付款码生成中……');
  try {
    if (byBridge) {
      await payHere();
    } else {
      showCode(await requestOrder());
      showStatus('支付后本页会自动显示结果。');
    }
  } catch (error) {
    showStatus(error.shown ? error.message : '网络不稳定，请稍后重试。', true);
    if (error.code === 'fee_settled') location.replace(form.action);
  } finally {
    busy = false;
    go.disabled = paying;
  }
}

async function poll() {
  if (document.hidden) return;
  try {
    const answer = await fetch(form.dataset.state, { credentials: 'same-origin', headers: { Accept: 'application/json' } });
    if (!answer.ok) return;
    const reply = await answer.json();
    if (reply.phase !== 'open') location.replace(form.action);
    else if (!byBridge && expires && Date.now() > expires - 20000) await start();
  } catch {
    // No network: the next poll tries again.
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  start();
});
setInterval(poll, 2000);
document.addEventListener('visibilitychange', poll);
if (!byBridge || 'atOnce' in form.dataset) start();
