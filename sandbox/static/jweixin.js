// A stand-in for WeChat's script (JS-SDK) on a page of a phone: wx.config, and the tag wx-open-subscribe, which asks by the browser's own dialog.
(() => {
  const phone = location.pathname.match(/^\/phone\/([^/]+)\/service\//)?.[1];
  const failed = [];
  let permitted = false;

  window.wx = {
    config({ appId, signature, openTagList = [] }) {
      permitted = Boolean(phone && appId && signature && openTagList.includes('wx-open-subscribe'));
      if (!permitted) failed.forEach((work) => work({ errMsg: 'config:fail' }));
    },
    ready(work) { work(); },
    error(work) { failed.push(work); },
  };

  customElements.define('wx-open-subscribe', class extends HTMLElement {
    connectedCallback() {
      const template = this.querySelector('script[type="text/wxtag-template"]')?.textContent ?? '';
      const shown = document.createElement('div');
      shown.innerHTML = template;
      this.append(shown);
      shown.addEventListener('click', () => this.ask());
    }

    async ask() {
      const id = this.getAttribute('template');
      if (!permitted) {
        this.dispatchEvent(new CustomEvent('error', { detail: { errMsg: 'subscribe:fail' } }));
        return;
      }
      const accept = confirm('公众号申请发送以下消息，是否允许？');
      await fetch(`/control/phones/${phone}/consent`, { method: 'POST', body: JSON.stringify({ template_id: id, target: 'account', accept }) });
      const status = accept ? 'accept' : 'reject';
      const detail = { errMsg: 'subscribe:ok', subscribeDetails: JSON.stringify({ [id]: JSON.stringify({ status }) }) };
      this.dispatchEvent(new CustomEvent('success', { detail }));
    }
  });
})();
