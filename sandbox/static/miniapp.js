// The mini-program. It talks to the service's public REST API only; everything of the phone comes through `host`.

/**
 * Puts the mini-program into `element`.
 *
 * host.serviceUrl          prefix of the service's API, such as /service
 * host.login()             promise of a wx.login code
 * host.phoneCode()         promise of a getPhoneNumber code
 * host.subscribe(ids)      asks for consent to notices; promise of {id: 'accept' | 'reject'}
 * host.scan()              opens the scanner; promise of what the code says
 * host.openUrl(url)        opens a page of the service in the phone's browser
 * host.phone               {id, name, mobile, role, pool}
 * host.path                page to begin with, with its query
 *
 * Returns {open(path), unmount()}: `open` shows another page, `unmount` cleans up.
 */
export function mount(element, host) {
  const note = document.createElement('p');
  note.className = 'mini-note';
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'primary';
  button.textContent = '小程序登录';
  button.addEventListener('click', async () => {
    const code = await host.login();
    note.textContent = `已取得登录凭证 ${code.slice(0, 6)}…，五分钟内有效。`;
  });
  const show = (path) => { note.textContent = path && path !== '/' ? `页面：${path}` : `${host.phone.name}，您好。`; };
  show(host.path);
  const box = document.createElement('div');
  box.className = 'mini-login';
  box.append(note, button);
  element.replaceChildren(box);
  return { open: show, unmount: () => element.replaceChildren() };
}
