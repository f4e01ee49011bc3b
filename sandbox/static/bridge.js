// Additions of WeChat's browser to a page: its user agent, and WeixinJSBridge some time after the page has started.
(() => {
  const skew = 1000 * Number(document.currentScript?.dataset.skew ?? 0);
  if (skew) {
    const Real = Date;
    window.Date = class extends Real {
      constructor(...given) { super(...(given.length ? given : [Real.now() + skew])); }
      static now() { return Real.now() + skew; }
    };
  }
  const agent = `${navigator.userAgent} MicroMessenger/8.0.50`;
  Object.defineProperty(navigator, 'userAgent', { get: () => agent });
  const waiting = new Map();
  let calls = 0;

  function invoke(name, parameters, callback = () => {}) {
    if (window.parent === window) {
      callback({ err_msg: `${name}:fail`, err_desc: 'not on a phone' });
      return;
    }
    calls += 1;
    waiting.set(calls, callback);
    window.parent.postMessage({ bridge: name, call: calls, parameters: { ...parameters } }, location.origin);
  }

  window.addEventListener('message', (event) => {
    if (event.source !== window.parent || event.origin !== location.origin || !event.data?.answer) return;
    const callback = waiting.get(event.data.call);
    waiting.delete(event.data.call);
    callback?.(event.data.answer);
  });

  document.addEventListener('contextmenu', (event) => {
    const code = event.target.closest?.('[data-qr]')?.dataset.qr;
    if (!code) return;
    event.preventDefault();
    invoke('longPress', { code });
  });

  document.addEventListener('DOMContentLoaded', () => setTimeout(() => {
    window.WeixinJSBridge = { invoke, call: (name) => invoke(name, {}), on: () => {}, log: () => {} };
    document.dispatchEvent(new Event('WeixinJSBridgeReady'));
  }));
})();
