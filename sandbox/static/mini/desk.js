// The desk at the venue (签到台): who is awaited, the QR code, entries and exits by code, urging.
import { exits } from './exits.js';
import { makeForm } from './forms.js';
import { banner, button, buttons, cell, cells, during, empty, h, tag } from './ui.js';
import { drawCell } from './agency.js';
import { showClock, showTime } from './time.js';

const AWAITED = ['completed', 'supplement_pending', 'drawing', 'paused', 'ending', 'short', 'ended'];

/** The draws that experts come to. */
export async function desk(page) {
  page.title('签到台');
  const { items } = await page.api.get('/draws', { size: 50 });
  const shown = items.filter((card) => AWAITED.includes(card.state));
  return [
    shown.length ? cells('评标活动', shown.map((card) => drawCell(page, card, () => page.go('door', { id: card.id })))) : empty('还没有要签到的活动。'),
    buttons(button('刷新', () => page.refresh())),
    cells('', [cell('我的账号', '', { onclick: () => page.go('account') })]),
  ];
}

/** One activity: agency and offices see the list, the desk also the code and the entries. */
export async function door(page) {
  const { id } = page.params;
  page.title('签到台');
  const staff = ['venue', 'verifier'].includes(page.me.role);
  const found = await page.api.get(`/draws/${id}`);
  const list = h('div', { class: 'm-stack', 'aria-live': 'polite' });
  const draw = async () => {
    const { items } = await page.api.get(`/draws/${id}/attendance`);
    const mark = JSON.stringify(items);
    if (list.dataset.mark === mark) return;
    list.dataset.mark = mark;
    list.replaceChildren(items.length ? cells(`应到 ${items.length} 人，已到 ${items.filter((row) => row.entered_at).length} 人`, items.map((row) => line(page, id, row, draw)))
      : empty('还没有专家同意参加。'));
  };
  await draw();
  page.every(3000, draw);
  return [
    h('div', { class: 'm-card m-head' }, h('strong', {}, found.name), tag(found.state, found.state_label),
      h('small', {}, `集合 ${found.notices.map((one) => showTime(one.gathering_at)).join('、')}`)),
    staff && await qr(page, id), staff && entries(page, id, draw), list,
    staff && cells('', [cell('请假、缺席与回避', '', { onclick: () => page.go('absencesOfDraw', { id }) })]),
    staff && exits(page, found),
  ];
}

function line(page, id, row, redraw) {
  const state = row.left_at ? tag('', `${showClock(row.left_at)} 离场`) : row.entered_at ? tag('accepted', `${showClock(row.entered_at)} 进场`) : tag(row.late ? 'short' : 'open', row.late ? '迟到' : '未到');
  const claim = row.claimed_at && !row.entered_at && `${showClock(row.claimed_at)} 自报到场，未核实`;
  const urge = row.may_urge && button('催促', async () => {
    const { times } = await page.api.post(`/draws/${id}/attendance/${row.invitation_id}/urgings`);
    page.toast(`已电话催促，第 ${times} 次。`);
    await redraw();
  });
  if (urge) { urge.className = 'm-small'; urge.setAttribute('aria-label', `催促${row.code}`); }
  return cell(h('b', { class: 'm-code' }, row.code), '', { tag: [state, urge], note: [claim, row.voice_urges && `已催促 ${row.voice_urges} 次`].filter(Boolean).join(' · ') });
}

const CODES = { scene: ['微信签到码', '请专家用微信扫一扫'], qr: ['小程序签到码', '请专家在小程序里扫码签到'] };

/** Milliseconds of life that a code on the screen has at least: somebody may just be taking up the phone. */
const RENEWED_BEFORE = 12_000;

/** The short-lived code that experts scan, renewed before it ends: a scene code for WeChat, or one for the mini-program. */
async function qr(page, id) {
  const image = h('img', { alt: '签到二维码' });
  const hint = h('p', {});
  const left = h('small', {});
  let kind = 'scene';
  let ends = 0;
  const load = async () => {
    const { token, valid_until: end } = await page.api.get(`/draws/${id}/attendance/${kind}`);
    image.hidden = false;
    image.src = kind === 'scene' ? `/control/qr?text=${encodeURIComponent(token)}` : await picture(page, id);
    box.dataset.qr = token;
    ends = new Date(end).getTime();
    hint.textContent = CODES[kind][1];
  };
  const choices = Object.entries(CODES).map(([name, [label]]) => h('button', {
    type: 'button', 'aria-pressed': String(name === kind), onclick: (event) => during(event.currentTarget, () => turnTo(name)),
  }, label));
  const turnTo = async (name) => {
    kind = name;
    for (const [at, key] of Object.keys(CODES).entries()) choices[at].setAttribute('aria-pressed', String(key === kind));
    await load();
  };
  const box = h('section', { class: 'm-card m-qr', 'aria-label': '现场签到码' },
    h('div', { class: 'm-tabs', role: 'group', 'aria-label': '签到码' }, choices), image, hint, left);
  try {
    await load();
  } catch (error) {
    if (error.code !== 'no_scene_code') throw error;
    await turnTo('qr');
  }
  page.every(1000, async () => {
    try {
      if (ends - page.now() < RENEWED_BEFORE) await load();
      left.textContent = '自动更换，请用本人手机扫描，拍照转发无效';
    } catch {
      image.hidden = ends < page.now();
      left.textContent = '网络连接中断，恢复后自动更新。请先登记验证码。';
    }
  });
  return box;
}

async function picture(page, id) {
  const answer = await page.api.fetch('GET', `/draws/${id}/attendance/qr.svg`);
  if (!answer.ok) await page.api.read(answer);
  return `data:image/svg+xml,${encodeURIComponent(await answer.text())}`;
}

function entries(page, id, redraw) {
  const form = makeForm(page, [{ name: 'code', label: '验证码', type: 'tel', placeholder: `专家的${page.pool.code_length}位验证码` }], {}, {
    label: '登记进场',
    submit: async ({ code }) => {
      const done = await page.api.post(`/draws/${id}/attendance/entries`, { code });
      page.toast(done.first ? `${done.code} 已进场。` : `${done.code} 在 ${showClock(done.at)} 已进场。`);
      form.reset();
      await redraw();
    },
  });
  const exit = button('登记离场', null);
  exit.addEventListener('click', () => during(exit, async () => {
    const code = form.querySelector('input').value.trim();
    const { at } = await page.api.post(`/draws/${id}/attendance/exits`, { code });
    page.toast(`${code} 已离场（${showClock(at)}）。`);
    form.reset();
    await redraw();
  }));
  form.querySelector('.m-buttons').append(exit);
  return form;
}
