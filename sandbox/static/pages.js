// The service's web pages as one phone's browser gets them, read and filled in without being shown.

/** A page's refusal, with its text. */
export class Stuck extends Error {}

export class Pages {
  constructor({ id, pool }) {
    this.base = `/phone/${id}/service`;
    this.pool = pool;
  }

  /** Opens a page as by a link in the chat: WeChat logs a bound person in. */
  enter(path) { return this.open(entrance(this.pool, path)); }

  open(path) { return this.read(`${this.base}${path}`); }

  /** Presses the button of that command, with `values` written into its form. */
  async submit({ page }, command, values = {}) {
    const form = page.querySelector(`[name="command"][value="${command}"]`)?.closest('form');
    if (!form) throw new Stuck('这一页现在不能办理，请刷新后重试。');
    const data = new FormData(form);
    data.set('command', command);
    for (const [name, value] of Object.entries(values)) data.set(name, value);
    const answer = await this.read(form.getAttribute('action'), { method: 'POST', body: new URLSearchParams(data) });
    const wrong = answer.page.querySelector('.wrong, .bar.bad');
    if (wrong) throw new Stuck(wrong.textContent.trim());
    return answer;
  }

  /** The page and its path, without the prefix of the phone. */
  async read(address, options = {}) {
    const answer = await fetch(address, options).catch(() => null);
    if (!answer) throw new Stuck('网络连接失败，请检查后重试。');
    const path = new URL(answer.url).pathname.slice(this.base.length);
    if (path.startsWith('/h5/')) throw new Stuck('请先在这部手机上登录。');
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (answer.status >= 400 && !page.querySelector('.wrong, .bar.bad')) {
      throw new Stuck(page.querySelector('main')?.textContent.trim() ?? '没有完成，请稍后重试。');
    }
    return { page, path };
  }
}

/** The log-in address of a bound person for a page of an office. */
export const entrance = (pool, path) => `/h5/wechat?${new URLSearchParams({ pool, next: path })}`;
