// A draw on its way: opening the round, starting, live progress, pause, resume, force end.
import { supplementPart } from './absences.js';
import { consents } from './consents.js';
import { progressPanel } from './progress.js';
import { roundPanel } from './rounds.js';
import { ask, banner, button, buttons, cell, cells, h } from './ui.js';
import { makeForm } from './forms.js';
import { showTime } from './time.js';

export async function run(page, found) {
  const { state } = found;
  if (['editing', 'refused', 'submitted'].includes(state)) return banner('核验通过后可以抽取。');
  if (state === 'verified') return verified(page, found);
  if (state === 'committing') return committing(page, found);
  return [
    await progressPanel(page, found),
    controls(page, found),
    page.isAgency && await supplementPart(page, found),
    more(page, found),
  ];
}

function verified(page, found) {
  if (!page.isAgency) return banner('核验已通过，等待代理机构开始三方摇号，您无需操作。');
  return [
    banner('核验已通过。开始三方摇号后，系统、您和监督人各出一个随机数，共同确定专家顺序。'),
    gathering(page, found),
    buttons(button('开始三方摇号', async () => {
      await page.api.post(`/draws/${found.id}/rounds`);
      await page.refresh();
    }, 'primary')),
  ];
}

async function committing(page, found) {
  const askConsent = await consents(page, 'drawing');
  const start = button('启动抽取', async () => {
    const asked = askConsent();
    await page.api.post(`/draws/${found.id}/start`);
    await asked;
    page.toast('抽取已启动，正在通知专家。');
    await page.refresh(false);
  }, 'primary');
  const told = h('div');
  const ready = h('div', { hidden: true }, told, page.isAgency && buttons(start));
  const abort = page.isAgency && buttons(button('终止本轮', async () => {
    const reason = await ask(page, { title: '终止本轮', text: '终止的轮次同样写入抽取记录并公布；次数有限，用完后本活动不能再摇号。', field: { label: '原因', placeholder: '如：监督人手机没电' }, ok: '终止', kind: 'warn' });
    if (!reason) return;
    await page.api.post(`/draws/${found.id}/rounds/current/abort`, { reason });
    await page.refresh();
  }, 'warn'));
  const panel = await roundPanel(page, found, { onSeed: (round) => {
    const next = page.isAgency ? '可以启动抽取。' : '等待代理机构启动，您无需操作。';
    told.replaceChildren(banner(`顺序已确定，${next}${round.start_by ? `${showTime(round.start_by)} 仍未启动的，系统自动启动。` : ''}`));
    ready.hidden = false;
    if (abort) abort.hidden = true;
  } });
  page.every(3000, async () => {
    const now = await page.api.get(`/draws/${found.id}/progress`);
    if (now.state !== 'committing') page.refresh();
  });
  return [ready, panel, abort];
}

function controls(page, found) {
  if (!page.isAgency) return null;
  const path = `/draws/${found.id}`;
  const act = async (what, body) => { await page.api.post(`${path}/${what}`, body); await page.refresh(); };
  const withReason = (what, title, text, placeholder) => async () => {
    const reason = await ask(page, { title, text, field: { label: '原因', placeholder }, kind: what === 'force-end' ? 'warn' : 'primary' });
    if (reason) await act(what, { reason });
  };
  const force = button('强制结束', withReason('force-end', '强制结束', '不再呼叫新的专家；已拨出的电话继续等待结果。', '如：招标人取消评标'), 'warn');
  if (found.state === 'drawing') {
    return buttons(button('暂停抽取', withReason('pause', '暂停抽取', '只停止新的呼叫；已拨出的电话继续等待结果。', '如：更改集合时间')), force);
  }
  if (found.state === 'paused') {
    return [gathering(page, found), buttons(button('继续抽取', () => act('resume'), 'primary'), force)];
  }
  return null;
}

/** Gathering times, each with a way to move it: the only thing that may change after the start. */
export function gathering(page, found) {
  const edit = (one) => {
    const close = page.app.overlay('修改集合时间', makeForm(page, [{ name: 'gathering_at', label: '集合时间', type: 'time' }], one, {
      label: '保存并通知专家',
      submit: async (values) => {
        await page.api.put(`/draws/${found.id}/notices/${one.id}/gathering`, values);
        close();
        page.toast('集合时间已更改，已同意的专家会收到新时间。');
        page.refresh();
      },
    }));
  };
  return cells('集合时间', found.notices.map((one) => cell(`通知 ${one.position}`, showTime(one.gathering_at), { onclick: () => edit(one) })));
}

function more(page, found) {
  return cells('结果与记录', [
    cell('抽取结果', '', { onclick: () => page.go('result', { id: found.id }) }),
    page.me.role !== 'supervisor' && cell('缺席登记', '', { onclick: () => page.go('absencesOfDraw', { id: found.id }) }),
    cell('签到台', '', { onclick: () => page.go('door', { id: found.id }) }),
  ].filter(Boolean));
}
