// Registering with real name and ID number; the mobile is that of the binding.
const { call } = require('../lib/api');
const { ask, openPage, toast } = require('../lib/page');
const session = require('../lib/session');

openPage({ guests: true, data: { name: '', number: '', agreed: false, honesty: '', closed: '' } }, {
  async load() {
    const { open, closed, honesty } = this.pool.registration;
    return { honesty: honesty || '本人承诺所填信息真实准确。', closed: open ? '' : closed || '目前不开放注册，请拨打人工服务电话咨询。' };
  },

  agree() { this.setData({ agreed: !this.data.agreed }); },
  /** @param {Shell.Tap} event */
  typeName({ detail }) { this.setData({ name: detail.value.trim() }); },
  /** @param {Shell.Tap} event */
  typeNumber({ detail }) { this.setData({ number: detail.value.trim().toUpperCase() }); },

  async register() {
    const { name, number, agreed } = this.data;
    if (!name || !number) return toast('请填写真实姓名和18位身份证号。');
    if (!agreed) return toast('请先勾选承诺。');
    if (!await ask('请核对', `姓名：${name}\n身份证号：${number}\n注册后不能修改。`, '确认注册')) return undefined;
    return this.act(async () => {
      await call('POST /registrations', { body: { name, id_number: number, privacy_version: this.pool.privacy_version, agreed } });
      session.changed();
      toast('注册成功。');
      wx.reLaunch({ url: '/pages/index/index' });
    });
  },
});
