// A whole draw in one tap. What the service can tell (terminals, venues, reasons, phrases) comes from it; the rest is made up.
import { later } from './time.js';

const TENDEREE = { name: '演示建设单位', code: '91110000600037341L' };
const SUPERVISOR = '冯监督';
const ID_NUMBER = '11010519491231002X';
const RECUSED = '演示建设第1公司';

/** Form of the project. */
export function sampleProject(page) {
  const { phone } = page.api.host;
  const held = page.me.roles.find((option) => option.organisation_id === page.me.organisation_id);
  return {
    name: `演示大桥工程（${later(page.now(), 0).slice(5, 16).replace('T', ' ')}）`, category: '工程建设项目招标投标/房屋建筑', region: '440106',
    funding_source: '国家或政府投资项目', tender_method: '公开招标', organisation_form: '委托招标', tenderee_category: '法人',
    investment: 12_000 * 1_000_000, tenderee_name: TENDEREE.name, tenderee_code: TENDEREE.code, contact: phone.name,
    contact_phone: phone.mobile, agency_name: held?.organisation_name ?? '', number: siteNumber(page.now()), on_site: true,
  };
}

/** 20 digits, as the trading centre numbers projects on its site: place, day, milliseconds. */
const siteNumber = (now) => `440106${later(now, 0).slice(0, 10).replaceAll('-', '')}${String(Math.floor(now)).slice(-6)}`;

/** Form of the activity: opening in half an hour, evaluation in two. */
export function sampleDraw(page, project) {
  const { phone } = page.api.host;
  const now = page.now();
  return {
    project_id: project.id, lots: [], name: `${project.name}评标`, medium: '省公共资源交易平台', opening_at: later(now, 30),
    opening_place: '第一开标室', needed: 3, starts_at: later(now, 120), ends_at: later(now, 300), on_site: true,
    operator_name: phone.name, operator_phone: phone.mobile, operator_id_number: ID_NUMBER, supervisors: [],
    avoided_draws: [], remark: '',
  };
}

/** Form of the voice notice: gathering half an hour before the evaluation. */
export function sampleNotice(page) {
  const { choices } = page.pool;
  const { phone } = page.api.host;
  const venue = choices.venues[0] ?? { name: '评标场所', address: '广州市天河区天润路333号' };
  return {
    venue: venue.name, address: venue.address, room: '3号评标室', gathering_at: later(page.now(), 90), contact: phone.name,
    contact_phone: phone.mobile, remark: choices.quick_remarks[0] ?? '',
  };
}

export const sampleCondition = (page, noticeId) => ({
  notice_id: noticeId, region_mode: page.pool.choices.region_modes[0] ?? 'permanent', regions: ['440100'], specialty: 'A0801',
  alternative: '', title_level: '', qualification: '', department: '', planned: 3,
});

/** Makes project, activity, recusal, notice and condition; gives the activity's id. */
export async function makeDraw(page) {
  const { api } = page;
  const project = await api.post('/projects', sampleProject(page));
  const { items: named } = await api.get('/supervisors', { search: SUPERVISOR });
  const { id } = await api.post('/draws', { ...sampleDraw(page, project), supervisors: named.slice(0, 1).map((one) => one.id) });
  const { recusal_reasons: reasons, recusal_evidence: [evidence] } = page.pool.choices;
  const reason = reasons.find((text) => text === '投标人') ?? reasons[0];
  await api.post(`/draws/${id}/recusal-units`, { name: RECUSED, credit_code: '', reason, evidence });
  const notice = await api.post(`/draws/${id}/notices`, sampleNotice(page));
  await api.post(`/draws/${id}/conditions`, sampleCondition(page, notice.id));
  return id;
}
