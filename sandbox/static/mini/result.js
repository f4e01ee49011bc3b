// The sealed result and the public record.
import { receipts } from './commitment.js';
import { recordLink } from './rolls.js';
import { banner, button, buttons, cell, cells, empty, h, note, save, tag } from './ui.js';
import { showTime, until } from './time.js';

const STATES = {
  accepted: '参评', left: '已请假', absent: '缺席', recused: '现场回避', released: '已退选', open: '待答复', declined: '不参加',
  silent: '未答复', cancelled: '已取消',
};

export async function result(page) {
  const { id } = page.params;
  page.title('抽取结果');
  const [found, sheet] = await Promise.all([page.api.get(`/draws/${id}`), page.api.get(`/draws/${id}/result`)]);
  if (!sheet.unsealed) {
    page.every(5000, async () => { if (page.now() >= new Date(sheet.unseals_at).getTime()) page.refresh(); });
  }
  const panel = await Promise.all(sheet.rows.map((row) => line(page, row)));
  return [
    sheet.unsealed ? banner('名单已解密，每次查看都会留痕。')
      : banner(`名单密封中，${showTime(sheet.unseals_at)} 解密（还有 ${until(sheet.unseals_at, page.now())}）。此前只显示验证码。`, 'orange'),
    panel.length ? cells('专家', panel, '* 表示补抽的专家。') : empty('还没有专家同意参加。'),
    record(page, found),
  ];
}

async function line(page, row) {
  const specialties = await Promise.all(row.specialties.map((code) => page.api.name('specialty', code)));
  return cell(h('span', {}, h('b', { class: 'm-code' }, `${row.mark}${row.code}`), row.name && ` ${row.name}`), '', {
    tag: tag(row.state, STATES[row.state] ?? row.state),
    note: [
      `条件 ${row.condition} · 集合 ${showTime(row.gathering_at)}`, [row.id_number, row.mobile].filter(Boolean).join(' '), row.employer,
      specialties.join('、'), row.entered_at ? `进场 ${showTime(row.entered_at)}` : row.claimed_at && `${showTime(row.claimed_at)} 自报到场，未核实`, row.left_at && `离场 ${showTime(row.left_at)}`,
    ].filter(Boolean).join('\n'),
  });
}

function record(page, found) {
  const mine = receipts(page.api, found.number);
  const command = ['pbt verify-draw', `draw-${found.number}.json`, ...mine.map((one) => `--receipt ${one.head}`)].join(' ');
  const download = async () => {
    const response = await page.api.fetch('GET', `/draws/${found.id}/record`);
    if (!response.ok) await page.api.read(response);
    save(await response.blob(), `draw-${found.number}.json`);
  };
  return [
    h('section', { class: 'm-group' }, h('h4', {}, '核对抽取记录'), h('div', { class: 'm-card m-text' },
      h('p', {}, `记录里没有姓名，人人都可以重新计算专家顺序。${found.state === 'ended' ? '' : '候选名单在活动结束后才公布，届时可以核验顺序；现在可以核验其余部分。'}点“核对抽取记录”，浏览器会当场重算；也可以下载后在电脑上运行`), h('code', { class: 'm-command', tabindex: '0' }, command)),
    note(mine.length ? '命令中带有本机的回执，记录被改写就会被发现。' : '本机没有参与摇号，所以没有回执。')),
    buttons(button('核对抽取记录', async () => {
      const receiptsOf = mine.map((one) => one.head).join();
      page.app.host.openUrl(`${await recordLink(page, found.id)}${receiptsOf && `#receipts=${receiptsOf}`}`);
    }, 'primary'), button('下载抽取记录', download)),
  ];
}
