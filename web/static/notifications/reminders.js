// Lets WeChat's tag ask for consent. What the person chose counts by WeChat's event to the service, so the page only reloads a moment later.
const list = document.querySelector('[data-signature]');
const said = document.querySelector('[data-said]');
const { appid, timestamp, nonce, signature } = list.dataset;

window.wx?.config({
  appId: appid, timestamp: Number(timestamp), nonceStr: nonce, signature, jsApiList: ['closeWindow'], openTagList: ['wx-open-subscribe'],
});
window.wx?.error(() => { said.textContent = '微信没有打开询问。请更新微信，或稍后再试。'; });

for (const tag of document.querySelectorAll('wx-open-subscribe')) {
  tag.addEventListener('success', () => {
    said.textContent = '已记录您的选择。';
    setTimeout(() => location.reload(), 1500);
  });
  tag.addEventListener('error', () => { said.textContent = '微信没有打开询问。请在公众号资料页的“设置”里查看是否关闭了通知。'; });
}
