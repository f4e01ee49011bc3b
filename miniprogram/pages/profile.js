// The expert's own file in the pool.
const { call } = require('../lib/api');
const { facts } = require('../lib/lists');
const { openPage } = require('../lib/page');
const { own, pageOf } = require('../lib/routes');

/** @param {Api.NamedOut[]} list */
const names = (list) => list.map((one) => one.name).join('、') || '无';

openPage({}, {
  async load() {
    const me = await call('GET /experts/me');
    const cells = facts([
      ['姓名', me.masked_name],
      ['专家编号', me.number],
      ['证件号', me.masked_id_number],
      ['手机号', me.masked_mobile],
      ['状态', me.membership_status.text],
      ['常驻地', me.permanent_region.name],
      ['意愿评标地', me.willing_regions && names(me.willing_regions)],
      ['专业', names(me.specialties)],
      ['职称', me.title_level.name],
      ['执业资格', names(me.qualifications)],
      ['主管部门', me.department.name],
      ['工作单位', me.employers.join('、') || '无'],
    ]);
    const suspended = me.membership_status.suspensions.map((why) => ({
      label: why.title, note: why.detail, tag: why.action, url: why.route && pageOf(why.route),
    }));
    return {
      sheet: {
        groups: [
          { cells, note: '为保护隐私，本人信息也只显示一部分。' },
          ...(suspended.length ? [{ title: '为什么没有抽取', cells: suspended }] : []),
          { cells: [{ label: '全部资料与变更', note: '登记了什么，怎样变更', url: own('file') }] },
          { cells: [{ label: '账号与手机号', url: own('account') }, { label: '我的酬劳', url: own('remuneration') }, { label: '我的证书', url: own('certificates') }] },
        ],
      },
    };
  },
});
