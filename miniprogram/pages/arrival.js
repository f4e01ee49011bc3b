// The confirmation of a check-in, for showing it at the entrance.
const { openPage } = require('../lib/page');
const { showTime } = require('../lib/time');

openPage({}, {
  async load() {
    const { first, at, code, place, counted, advice } = this.query;
    if (counted !== 'true') {
      return { sheet: { banner: { text: `已记录您自报到场，还不算签到。${advice}`, tone: 'warn' }, big: { label: '我的验证码', text: code, note: place } } };
    }
    const text = first === 'true' ? '签到成功。' : `您在${showTime(at)}已签到。`;
    return { sheet: { banner: { text, tone: 'good' }, big: { label: '我的验证码', text: code, note: `${place} · ${showTime(at)}` } } };
  },
});
