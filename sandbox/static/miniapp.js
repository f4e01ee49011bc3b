// The mini-program. It talks to the service's public REST API only; everything of the phone comes through `host`.
import { MiniApp } from './mini/app.js';

/**
 * Puts the mini-program into `element`.
 *
 * host.serviceUrl          prefix of the service's API, such as /service
 * host.login()             promise of a wx.login code
 * host.phoneCode()         promise of a getPhoneNumber code
 * host.subscribe(ids)      wx.requestSubscribeMessage: three templates at most, inside a tap or after a payment; promise
 *                          of {id: 'accept' | 'reject' | 'ban' | 'filter'}, or an Error requestSubscribeMessage:fail …
 * host.subscribeSettings() what the person always answers, from wx.getSetting; promise of {id: 'accept' | 'reject'}
 * host.scan()              opens the scanner; promise of what the code says, or null
 * host.locate()            wx.getLocation of type gcj02: promise of {latitude, longitude, system: 'gcj02'}, or null when unknown
 * host.requestPayment(p)   wx.requestPayment with timeStamp, nonceStr, package, signType, paySign; promise of
 *                          {result: 'ok' | 'cancel' | 'fail', message}: a hint only, the order has to be asked
 * host.openUrl(url)        opens a page of the service in the phone's browser
 * host.now()               the phone's clock, milliseconds since 1970
 * host.phone               {id, name, mobile, role, pool}
 * host.path                page to begin with, with its query
 *
 * Returns {open(path), unmount()}: `open` shows another page, `unmount` cleans up.
 */
export function mount(element, host) {
  const app = new MiniApp(element, host);
  app.start(host.path);
  return { open: (path) => app.open(path), unmount: () => app.unmount() };
}
