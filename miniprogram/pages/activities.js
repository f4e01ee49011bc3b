// The expert's panels: agreed to, and past.
const { call } = require('../lib/api');
const { invitationCell } = require('../lib/lists');
const { openPage } = require('../lib/page');

openPage({}, {
  async load() {
    const [coming, past] = await Promise.all([call('GET /panels'), call('GET /panels', { query: { past: true } })]);
    return {
      sheet: {
        groups: [
          { title: '已同意的评标', note: coming.items.length ? '' : '目前没有。同意邀请后在这里查看。', cells: coming.items.map(invitationCell) },
          { title: '过去的评标', note: past.items.length ? '最多显示20场。' : '目前没有。', cells: past.items.map(invitationCell) },
        ],
      },
    };
  },
});
