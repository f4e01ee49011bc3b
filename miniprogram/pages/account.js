// Choice of role, requests of legal entities, the official account, log-out.
const { call } = require('../lib/api');
const { present } = require('../lib/lists');
const { ask, openPage, toast } = require('../lib/page');
const { refusalOf } = require('../lib/privacy');
const { own } = require('../lib/routes');
const session = require('../lib/session');
const { showTime } = require('../lib/time');
const { LINK } = require('../lib/words');

/** @param {Api.MeOut} me @param {Api.RoleOut} one */
const isNow = (me, one) => me.role === one.role && me.scope === one.scope && me.organisation_id === one.organisation_id;

/** @param {Api.MeOut} me @param {Api.AgentOut[]} links @returns {Shell.Group} */
function roles(me, links) {
  const cells = me.roles.map((one, place) => ({
    label: one.label, tag: isNow(me, one) ? '当前' : '', tone: /** @type {const} */ ('good'), command: 'choose', id: String(place),
  }));
  const none = '您还没有可用的身份。评标专家请确认手机号与入库时一致；经办人请等待企业关联。';
  return { title: cells.length ? '以哪个身份办理' : '', cells, note: cells.length || links.some(pause) ? '' : none };
}

/** Why the agent can't act for the legal entity now. @param {Api.AgentOut} link */
function pause(link) {
  if (!link.paused_by || !['waiting', 'active', 'future'].includes(link.state)) return '';
  return link.paused_by === 'entity' ? `${link.organisation_name}的法人账号实名等级不够，请由法人到统一身份认证平台升级后重新登录。`
    : '您的实名等级不够，请到统一身份认证平台升级后重新登录。';
}

/** @param {Api.AgentOut[]} links @returns {Shell.Group} */
const requests = (links) => ({
  title: '企业对我的关联',
  cells: links.map((one) => ({
    label: one.organisation_name, note: present([`${showTime(one.valid_from)} 至 ${showTime(one.valid_until)}`, pause(one)]).join('\n'),
    tag: pause(one) && one.state === 'active' ? '暂停' : LINK[one.state],
    command: one.state === 'waiting' ? 'accept' : '', id: one.link_id,
  })),
});

openPage({ guests: true }, {
  async load() {
    session.changed();
    const [{ me }, { items }] = await Promise.all([session.start(), call('GET /organisations/requests')]);
    this.me = me;
    return {
      sheet: {
        groups: present([
          roles(me, items),
          items.length > 0 && requests(items),
          { cells: present([
            me.roles.length === 0 && { label: '申请成为评标专家', url: '/pages/register' },
            { label: '绑定公众号', tag: me.in_chat ? '已绑定' : '未绑定', tone: me.in_chat ? /** @type {const} */ ('good') : /** @type {const} */ ('warn'),
              command: me.in_chat ? '' : 'join' },
            me.role !== 'guest' && { label: '微信提醒', url: '/pages/reminders' },
            { label: '密码、手机号、登录设备', url: own('account') },
            this.pool.hotline && { label: '人工服务', value: this.pool.hotline, command: 'phone' },
          ]) },
        ]),
        buttons: [{ label: '退出登录', command: 'leave', kind: 'warn' }],
      },
    };
  },

  /** @param {string} place */
  choose(place) {
    return this.act(async () => {
      await session.choose(this.me.roles[Number(place)]);
      wx.reLaunch({ url: '/pages/index/index' });
    });
  },

  /** @param {string} id */
  async accept(id) {
    if (!await ask('成为经办人', '同意代表这家企业办理抽取？', '同意')) return;
    await this.act(async () => {
      await call('POST /organisations/requests/{link_id}/acceptance', { path: { link_id: id } });
      await this.refresh();
    });
  },

  /** A code sent to the chat binds it to this person. */
  join() {
    return this.act(async () => {
      const { code } = await call('POST /sessions/current/chat');
      const text = `绑定 ${code}`;
      const { confirm } = await wx.showModal({
        title: '绑定公众号', content: `请在公众号里发送：${text}\n只供本人使用，请不要告诉他人。`, confirmText: '复制', cancelText: '知道了',
      });
      if (!confirm) return;
      try {
        await wx.setClipboardData({ data: text });
      } catch (error) {
        throw refusalOf('setClipboardData', /** @type {any} */ (error));
      }
      toast('已复制，请到公众号粘贴发送。');
    });
  },

  phone() { wx.makePhoneCall({ phoneNumber: this.pool.hotline, fail: () => {} }); },

  async leave() {
    const again = this.me.bound ? '这个微信与您的账号绑定着，再打开小程序时会自动登录。' : '';
    if (!await ask('退出登录', `将结束您在所有手机和浏览器上的登录。${again}`, '退出')) return;
    await this.act(async () => {
      await session.leave();
      wx.reLaunch({ url: '/pages/index/index' });
    });
  },
});
