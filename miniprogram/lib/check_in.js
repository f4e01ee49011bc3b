// Checking in at the venue: by its code, or by the phone's position.
const { Failure, call } = require('./api');
const { isCancelled, refusalOf } = require('./privacy');

/** An id of this phone, the same in every log-in. */
function device() {
  const known = wx.getStorageSync('device') || `${Date.now().toString(36)}${Math.random().toString(36).slice(2)}`;
  wx.setStorageSync('device', known);
  return known;
}

/** Opens the page with the confirmation, for showing it at the entrance. @param {Api.CheckedInOut} done */
function show(done) {
  const parts = Object.entries(done).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return wx.navigateTo({ url: `/pages/arrival?${parts.join('&')}` });
}

async function scan() {
  let content;
  try {
    content = (await wx.scanCode({ scanType: ['qrCode'] })).result;
  } catch (error) {
    if (isCancelled(/** @type {any} */ (error))) return;
    throw refusalOf('scanCode', /** @type {any} */ (error));
  }
  if (content.startsWith('http://weixin.qq.com/q/')) throw new Failure('这是微信签到码。请退出小程序，用微信“扫一扫”扫它。');
  const found = /\/v\/([\w-]+)$/.exec(content);
  if (!found) throw new Failure('这不是签到二维码。请扫描评标场所出示的签到码。');
  await show(await call('POST /check-ins', { body: { token: found[1], device: device() } }));
}

/** @param {string} id of the invitation */
async function byPosition(id) {
  /** @type {Api.PositionIn | null} */
  let position = null;
  try {
    const { latitude, longitude } = await wx.getLocation({ type: 'gcj02' });
    position = { latitude, longitude, system: 'gcj02' };
  } catch (error) {
    const { message, code } = refusalOf('getLocation', /** @type {any} */ (error));
    const title = '没有取得位置';
    if (code === 'denied' && (await wx.showModal({ title, content: message, confirmText: '去设置', cancelText: '不用位置' })).confirm) {
      await wx.openSetting();
      return;
    }
    const content = `${code === 'denied' ? '' : `${message}\n`}没有位置只能记为自报到场，还要扫描现场二维码才算签到。要记录吗？`;
    const { confirm } = await wx.showModal({ title, content, confirmText: '记录', cancelText: '取消' });
    if (!confirm) return;
  }
  await show(await call('POST /check-ins', { body: { invitation_id: id, position } }));
}

module.exports = { byPosition, scan };
