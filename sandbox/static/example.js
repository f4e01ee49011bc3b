// A complete draw in one tap, filled in on the agency's own pages: choices are taken from the page, other values are invented.
import { Stuck } from './pages.js';

const TENDEREE = { name: '演示建设单位', code: '91110000600037341L' };
const SUPERVISOR = '冯监督';
const RECUSED = '演示建设第1公司';
export const ID_NUMBER = '11010519491231002X';
const MINUTE = 60_000;
const BEIJING = 8 * 3600 * 1000;
/** Minutes from now. Late enough for a release, which ends five hours before the start. */
const OPENING = 240, GATHERING = 450, START = 480, END = 660;

/** `minutes` after `now` (milliseconds), rounded up to five minutes, as an input of type datetime-local holds it. */
export function later(now, minutes) {
  const step = 5 * MINUTE;
  return new Date(Math.ceil((now + minutes * MINUTE) / step) * step + BEIJING).toISOString().slice(0, 16);
}

/** Makes project, activity, recusal, notice and condition; returns the activity's id. Throws Stuck. */
export async function makeExample(pages, { name, mobile }, now) {
  const project = await makeProject(pages, name, mobile, now);
  const draw = await makeDraw(pages, project, name, mobile, now);
  await pages.submit(draw, 'unit', { name: RECUSED, ...first(draw.page, 'reason', '投标人'), ...first(draw.page, 'evidence') });
  const id = draw.path.split('/')[3];
  const notice = await pages.open(`/agency/draws/${id}/notices/new`);
  await pages.submit(notice, 'save', { room: '3号评标室', gathering_at: later(now, GATHERING), contact: name, contact_phone: mobile });
  const condition = await pages.open(`/agency/draws/${id}/conditions/new`);
  await pages.submit(condition, 'save', { regions: '440100', specialty: 'A0801', planned: '3' });
  return id;
}

/** The id of a new project of the trading centre's, numbered as the centre does: place, day, milliseconds. */
async function makeProject(pages, name, mobile, now) {
  const clock = later(now, 0);
  const form = await emptied(pages, await pages.enter('/agency/projects/new'));
  const made = await pages.submit(form, 'save', {
    name: `演示大桥工程（${clock.slice(5).replace('T', ' ')}）`,
    number: `440106${clock.slice(0, 10).replaceAll('-', '')}${String(Math.floor(now)).slice(-6)}`,
    on_site: '1', region: '440106', investment: '12000', contact: name, contact_phone: mobile,
    tenderee_name: TENDEREE.name, tenderee_code: TENDEREE.code,
    ...first(form.page, 'category', '工程建设项目招标投标/房屋建筑'), ...first(form.page, 'funding_source'), ...first(form.page, 'tender_method'),
    ...first(form.page, 'organisation_form', '委托招标'), ...first(form.page, 'tenderee_category', '法人'), agency_name: '演示招标代理有限公司',
  });
  return made.path.split('/').at(-1);
}

/** The form without a stored draft. */
const emptied = (pages, form) => (form.page.querySelector('[name="command"][value="forget"]') ? pages.submit(form, 'forget') : form);

/** The page that follows the basic data: its recusals. */
async function makeDraw(pages, project, name, mobile, now) {
  const form = await pages.open(`/agency/draws/new?project=${project}`);
  const supervisor = [...form.page.querySelectorAll('label.tick')].find((label) => label.textContent.trim().startsWith(SUPERVISOR))
    ?.querySelector('input');
  if (!supervisor) throw new Stuck('监督人名册中没有演示监督人。');
  return pages.submit(form, 'save', {
    medium: '省公共资源交易平台', opening_place: '第一开标室', opening_at: later(now, OPENING), needed: '3', starts_at: later(now, START), ends_at: later(now, END),
    operator_name: name, operator_phone: mobile, operator_id_number: ID_NUMBER, [supervisor.name]: '1',
  });
}

/** The wanted option, else the first one with a value. */
function first(page, name, wanted = '') {
  const values = [...page.querySelectorAll(`select[name="${name}"] option`)].map((option) => option.value).filter(Boolean);
  return { [name]: values.includes(wanted) ? wanted : values[0] ?? '' };
}
