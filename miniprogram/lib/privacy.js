// Consent to WeChat's privacy guide (隐私保护指引), and what a refusal of something of the phone means for the person.
const { Failure } = require('./api');

/** @typedef {{ what: string; purpose: string; without: string }} Use */

/** What WeChat is asked for: its name, what it is needed for, how it goes without. By the name of WeChat's function. @type {Record<string, Use>} */
const USES = {
  scanCode: { what: '相机', purpose: '扫描评标场所出示的签到码', without: '也可以用位置签到，或把验证码告诉现场工作人员登记。' },
  getLocation: { what: '位置', purpose: '核对您是否已到评标场所', without: '也可以扫描现场二维码，或把验证码告诉现场工作人员登记。' },
  setClipboardData: { what: '剪贴板', purpose: '复制绑定公众号的文字', without: '也可以照着文字，自己在公众号里输入。' },
  'button.getPhoneNumber': { what: '微信绑定的手机号', purpose: '登录，确认是您本人', without: '也可以改用短信验证码登录。' },
};
/** For what WeChat will count among private things later. @type {Use} */
const OTHER = { what: '手机里的信息', purpose: '办理您刚才点的这件事', without: '这件事也可以在公众号或网页上办理。' };

/** The words of the question. @param {string} referrer as WeChat names what asks */
function questionOf(referrer) {
  const { what, purpose, without } = USES[referrer] || OTHER;
  return { purpose: `需要用到${what}，只用于${purpose}。`, without: `不同意也能继续使用。${without}` };
}

/** Why the person's phone did not give it, as a failure with the way that remains. @param {string} name in `USES` @param {{ errMsg?: string }} error */
function refusalOf(name, { errMsg = '' }) {
  const { what, purpose, without } = USES[name];
  if (/privacy permission/.test(errMsg)) return new Failure(`您没有同意使用${what}（${purpose}），所以没有办成。再点一次可以同意。${without}`);
  if (/not declared/.test(errMsg)) return new Failure(`小程序还没有登记使用${what}，暂时不能这样办。${without}`);
  if (/auth|deny|denied/i.test(errMsg) && !/system/.test(errMsg)) {
    return new Failure(`没有允许使用${what}（${purpose}）。可以在小程序的设置里允许。${without}`, { code: 'denied' });
  }
  return new Failure(`没有用上${what}（${purpose}）。请检查手机和微信的${what}权限后重试。${without}`, { again: true });
}

/** @param {{ errMsg?: string }} error */
const isCancelled = ({ errMsg = '' }) => /cancel/.test(errMsg);

/** Lets `ask` answer when something private is used before the person has agreed to the guide. @param {Shell.Asking} ask */
function listen(ask) {
  // Older WeChat asks by itself. The typings lack the function's real arguments.
  if (wx.onNeedPrivacyAuthorization) wx.onNeedPrivacyAuthorization(/** @type {any} */ (ask));
}

function openGuide() {
  const fail = () => { wx.showToast({ title: '没有打开，请更新微信后再试。', icon: 'none' }); };
  if (wx.openPrivacyContract) wx.openPrivacyContract({ fail });
  else fail();
}

module.exports = { isCancelled, listen, openGuide, questionOf, refusalOf };
