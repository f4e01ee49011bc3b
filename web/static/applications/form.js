// The application form: one section at a time, saved automatically, with errors beside their fields.
import { Client, Problem, during, h, toast } from '../core/client.js';
import { draw } from './fields.js';
import { uploads } from './uploads.js';

const root = document.getElementById('form');
const { pool, application: id, number, status, province, hotline, courses } = root.dataset;
const client = new Client(pool, stashInput);
const AUTOSAVE = 2500;
const CLOCK = new Intl.DateTimeFormat('zh-CN', { hour: '2-digit', minute: '2-digit', hour12: false, timeZone: 'Asia/Shanghai' });
const RETRY_DELAYS = [4000, 10000, 20000, 40000];
const STASH = 'pbt-form';

const page = {
  schema: null, mine: null, names: new Map(), widgets: new Map(), section: '', dirty: false,
  timer: 0, saving: null, failures: 0, shownProblems: new Set(),
};
const tabs = h('nav', { class: 'tabs', 'aria-label': '申请表的各部分' });
const notice = h('div', { 'aria-live': 'polite' });
const opinion = h('div');
const body = h('section', { class: 'fields' });
const saved = h('span', { class: 'saved', role: 'status' });
const uploading = h('span', { class: 'uploading', role: 'status' });
const bar = h('div', { class: 'formbar' });
root.replaceChildren(tabs, notice, opinion, body, bar);

const sectionOf = (code) => page.schema.sections.find((section) => section.code === code);
const isEditable = (field) => page.editable.has(field.code);
const codeOf = (place) => place.split(/[[.]/)[0];
/** Specialties, and places, that were sent back and not corrected yet. */
const uncorrected = () => page.mine.returned.filter((specialty) => !specialty.mended);
const uncorrectedPlaces = () => page.mine.returned_fields.filter((returned) => !returned.mended);
const hasUncorrected = (section) => section.fields.some((field) => (field.kind === 'specialties' && uncorrected().length > 0)
  || uncorrectedPlaces().some((returned) => codeOf(returned.place) === field.code));
const editableHere = () => page.section !== 'check' && sectionOf(page.section).fields.some(isEditable);

async function load() {
  await read();
  page.schema = await client.get('/applications/schema', { entry_type: page.mine.entry_type });
  const wanted = decodeURIComponent(location.hash.slice(1));
  const stash = takeStash();
  if (stash) return resume(stash);
  const at = new URLSearchParams(location.search).get('at');
  if (at && !wanted && page.schema.sections.some((section) => section.fields.some((field) => field.code === codeOf(at)))) return jumpToField(at);
  return open(wanted === 'check' || sectionOf(wanted) ? wanted : firstUnfinished());
}

// Unsaved input of an expired log-in is kept in this tab until the person has logged in again.

function stashInput() {
  if (!page.dirty && !page.saving) return;
  sessionStorage.setItem(STASH, JSON.stringify({ id, section: page.section, version: page.sections[page.section].version, values: typedValues() }));
  page.dirty = false;
}

function takeStash() {
  const stash = JSON.parse(sessionStorage.getItem(STASH));
  sessionStorage.removeItem(STASH);
  return stash?.id === id && sectionOf(stash.section)?.fields.some(isEditable) ? stash : null;
}

function resume({ section, version, values }) {
  page.sections[section] = { ...page.sections[section], version, values: { ...page.sections[section].values, ...values } };
  open(section);
  changed();
  toast('已恢复您登录前填写的内容。');
}

async function read() {
  page.mine = await client.get(`/applications/${id}`);
  page.sections = Object.fromEntries(page.mine.sections.map((section) => [section.code, section]));
  page.editable = new Set(page.mine.sections.flatMap((section) => section.editable));
  for (const [kind, entries] of Object.entries(page.mine.names)) {
    for (const [code, name] of Object.entries(entries)) page.names.set(`${kind}/${code}`, name);
  }
  const opinionText = page.mine.progress.opinion;
  opinion.replaceChildren(...(opinionText ? [h('p', { class: 'bar warn' }, h('strong', {}, '审核意见：'), opinionText)] : []));
}

function firstUnfinished() {
  const wrong = new Set(page.mine.problems.map((problem) => codeOf(problem.field)));
  const section = page.schema.sections.find((section) => hasUncorrected(section) || section.fields.some((field) => wrong.has(field.code)));
  return (section ?? page.schema.sections[0]).code;
}

// ---- sections

/** Waits for the uploads under way, and says so. False if one failed, which its field says. */
async function uploaded() {
  const stored = await uploads.finish((files) => { uploading.textContent = `还有${files}个文件正在上传，传完后自动继续，请不要离开本页。`; });
  uploading.textContent = '';
  if (!stored) body.querySelector('.uploads .wrong:not([hidden])')?.scrollIntoView({ block: 'center' });
  return stored;
}

/** Goes to another section; a second tap during a slow request replaces the first. */
function go(code) {
  page.wanted = code;
  return during(root, async () => {
    let shown;
    while (shown !== page.wanted && (await uploaded()) && (await save())) {
      shown = page.wanted;
      await read();
      open(shown);
    }
  });
}

function open(code) {
  remember(code);
  page.section = code;
  drawTabs();
  notice.replaceChildren();
  if (code === 'check') showCheck();
  else drawSection();
  drawBar();
  window.scrollTo({ top: 0 });
}

/** Each section is an entry of the history, so that the browser's back button leads to the previous one. */
function remember(code) {
  if (location.hash === `#${code}`) return;
  history[page.section ? 'pushState' : 'replaceState'](null, '', `#${code}`);
}

window.addEventListener('popstate', async () => {
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (wanted !== 'check' && !sectionOf(wanted)) return;
  await go(wanted);
  remember(page.section);  // stays on the section if it can't be saved
});

function drawTabs() {
  const wrong = new Set(page.mine.problems.map((problem) => codeOf(problem.field)));
  const tab = (code, title, done) => h('button', {
    type: 'button', 'aria-current': page.section === code ? 'step' : undefined, class: done ? 'done' : '', onclick: () => go(code),
  }, title);
  tabs.replaceChildren(
    ...page.schema.sections.map((section) => tab(section.code, section.title,
      !hasUncorrected(section) && !section.fields.some((field) => wrong.has(field.code)))),
    tab('check', '核对提交', false), h('a', { href: status }, '审核详情'), ...(courses ? [h('a', { href: courses }, '学习培训情况')] : []));
  tabs.querySelector('[aria-current]').scrollIntoView({ block: 'nearest', inline: 'center' });
}

/** Why a field can't be changed though others can, or empty. */
function reasonKept(field) {
  if (page.mine.kept.includes(field.code)) return page.mine.kept_rule;
  const fixed = field.kind === 'specialties' && page.schema.specialties?.fixed_once_submitted && page.mine.progress.submitted_at;
  return fixed && page.editable.size && !isEditable(field) ? '评标专业提交后，本次征集期间不能再改。' : '';
}

function context(field) {
  return {
    client, application: id, province, hotline, schema: page.schema, names: page.names, attachments: page.mine.files.filter((file) => file.state === 'ready'),
    fixed: new Set(page.mine.fixed), returned: new Map(page.mine.returned.map((specialty) => [specialty.code, specialty])),
    locked: !isEditable(field), keptReason: reasonKept(field), changed, filesChanged: refresh, template,
  };
}

function valueOf(field) {
  if (field.read_only) return page.mine.account[field.code];
  return page.sections[page.section]?.values[field.code];
}

function drawSection() {
  const section = sectionOf(page.section);
  page.widgets.clear();
  page.shownProblems = new Set();
  page.dirty = false;
  for (const field of section.fields) page.widgets.set(field.code, draw(field, valueOf(field), context(field)));
  body.replaceChildren(h('h2', { class: 'title' }, section.title), section.note ? h('p', { class: 'hint' }, section.note) : '',
    ...[...page.widgets.values()].map((widget) => widget.element));
  showReturned();
  if (page.mine.progress.submitted_at || page.mine.progress.state === 'locked') showProblems(page.mine.problems);
}

/** Says at each place that was sent back what to correct, or that it was. */
function showReturned() {
  for (const note of body.querySelectorAll('.returned-note')) note.remove();
  for (const element of body.querySelectorAll('.field.returned')) element.classList.remove('returned');
  for (const returned of page.mine.returned_fields) {
    const widget = widgetAt(returned.place);
    if (!widget) continue;
    widget.element.classList.toggle('returned', !returned.mended || widget.element.classList.contains('returned'));
    widget.element.append(h('p', { class: `returned-note ${returned.mended ? 'mended' : 'bad-text'}` },
      returned.mended ? `已修改：${returned.label}，提交后重新审核` : `退回修改：${wordsOf(returned)}`));
  }
}

const wordsOf = ({ label, words }) => (words ? `${label}：${words}` : label);

/** The widget of a place on this page: of a field, or of a column in a row of records. */
function widgetAt(place) {
  const widget = page.widgets.get(codeOf(place));
  const inner = /^\w+\[(\d+)\]\.(\w+)$/.exec(place);
  return (inner && widget?.inner?.(Number(inner[1]), inner[2])) || widget;
}

function showProblems(problems) {
  const others = [];
  const byWidget = new Map();
  for (const { field, message } of problems) {
    const widget = widgetAt(field);
    if (!widget) continue;
    byWidget.set(widget, [...(byWidget.get(widget) ?? []), message]);
    others.push(widget);
  }
  for (const [widget, messages] of byWidget) widget.refuse(messages.join(''));
  page.shownProblems = new Set([...page.shownProblems, ...problems.map((problem) => problem.field)]);
  return others[0];
}

/** After a successful save, removes the marks of fields that are correct now. */
async function clearCorrected(section) {
  if (!body.querySelector('.bad, .returned-note')) return;
  try {
    await refresh();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return;  // the marks stay until the next save
  }
  if (page.section !== section || page.dirty) return;
  for (const widget of page.widgets.values()) for (const part of [widget, ...(widget.parts?.() ?? [])]) part.refuse('');
  showProblems(page.mine.problems.filter((problem) => page.shownProblems.has(problem.field)));
}

// ---- saving

function changed() {
  page.dirty = true;
  saved.textContent = '未保存';
  clearTimeout(page.timer);
  page.timer = setTimeout(() => save({ quiet: true }), AUTOSAVE);
}

function typedValues() {
  const values = {};
  for (const field of sectionOf(page.section).fields) {
    if (field.kind === 'file' || field.read_only) continue;
    const value = page.widgets.get(field.code).read();
    if (value !== undefined) values[field.code] = value;
  }
  return values;
}

/** True when the service has stored all input of this section. One request at a time. */
async function save({ quiet = false } = {}) {
  clearTimeout(page.timer);
  while (page.saving) await page.saving;
  if (!page.dirty) return true;
  page.saving = saveSection(quiet);
  try {
    return await page.saving;
  } finally {
    page.saving = null;
  }
}

async function saveSection(quiet) {
  const { section } = page;
  const values = typedValues();
  page.dirty = false;
  saved.textContent = '正在保存……';
  try {
    const answer = await putSection(section, values);
    page.failures = 0;
    saved.textContent = page.dirty ? '未保存' : `已保存 ${CLOCK.format(new Date(answer.saved_at))}`;
    notice.replaceChildren();
    await clearCorrected(section);
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    page.dirty = error.status !== 401;
    saved.textContent = await saveTheRest(section, values, error) ? '标红的还未保存，其余存好了' : '未保存';
    refused(error, quiet);
    return false;
  }
}

async function putSection(section, values) {
  const answer = await client.put(`/applications/${id}/sections/${section}`, { values, version: page.sections[section].version });
  Object.assign(page.sections[section], { values: answer.values, version: answer.version });
  page.mine.version = answer.form_version;
  return answer;
}

/** Saves what was not refused, with the stored values of the refused fields: one wrong field loses no other. False if that failed. */
async function saveTheRest(section, values, refusal) {
  const wrong = new Set(refusal.problems.map((problem) => codeOf(problem.field)));
  if (refusal.status !== 422 || !wrong.size || Object.keys(values).every((code) => wrong.has(code))) return false;
  const stored = page.sections[section].values;
  const rest = Object.fromEntries(Object.entries({ ...values, ...Object.fromEntries([...wrong].map((code) => [code, stored[code]])) })
    .filter(([, value]) => value !== undefined));
  try {
    await putSection(section, rest);
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return false;
  }
}

function refused(error, quiet) {
  const first = showProblems(error.problems);
  const line = h('p', { class: 'bar bad', role: 'alert' }, error.message);
  if (isTemporary(error)) {
    line.append(' 稍后会自动重试。');
    page.timer = setTimeout(() => save({ quiet: true }), RETRY_DELAYS[Math.min(page.failures++, RETRY_DELAYS.length - 1)]);
  }
  notice.replaceChildren(line, ...(error.status === 409 ? [conflictButtons(error)] : []));
  if (quiet) return;
  if (first) first.focus();
  else notice.scrollIntoView({ block: 'center' }); // the sticky parts would hide it at the top
}

/** Whether a failure is temporary: no network, a restart of the service, too many requests. */
const isTemporary = (error) => error.status === 0 || error.status === 429 || error.status >= 500;

/** For a conflict: another device saved first, or the section can't be changed any more. */
function conflictButtons({ code, params }) {
  const load = h('button', { type: 'button', class: 'button small', onclick: () => { page.dirty = false; location.reload(); } }, '载入最新内容');
  const mine = code === 'section_stale' && h('button', { type: 'button', class: 'button small', onclick: () => {
    page.sections[params.section].version = params.version;
    save();
  } }, '以本页内容为准');
  return h('div', { class: 'bad choices' }, load, mine);
}

/** Reads the application again; the open section keeps the values and the version that it shows. */
async function refresh() {
  const { section } = page;
  const shown = page.sections[section];
  await read();
  if (shown && page.section === section) page.sections[section] = shown;
  drawTabs();
  showReturned();
}

window.addEventListener('online', () => { if (page.dirty) save({ quiet: true }); });
window.addEventListener('beforeunload', (event) => { if (page.dirty || uploads.active) event.preventDefault(); });
document.addEventListener('visibilitychange', () => { if (document.hidden && page.dirty) save({ quiet: true }); });

// ---- the bar below

function drawBar() {
  const codes = [...page.schema.sections.map((section) => section.code), 'check'];
  const at = codes.indexOf(page.section);
  const back = at > 0 && h('button', { type: 'button', class: 'button', onclick: () => go(codes[at - 1]) }, '上一步');
  const next = page.section !== 'check' && h('button', { type: 'button', class: 'button primary', onclick: () => go(codes[at + 1]) }, '下一步');
  const keep = editableHere() && h('button', { type: 'button', class: 'button', onclick: (event) => during(event.currentTarget, async () => {
    if (await save()) toast('已保存，可在任何设备继续填写。');
  }) }, '保存');
  bar.replaceChildren(uploading, saved, ...[back, keep, next].filter(Boolean));
  if (page.section === 'check') bar.append(...actions());
}

// ---- checking and handing in

/** Of a person with a file in the pool the changes come first, as soon as they are compared. */
function showCheck() {
  drawCheck(null);
  if (page.mine.entry_type === 'first') return;
  client.get(`/applications/${id}/changes`).then((comparison) => {
    if (page.section === 'check' && comparison.compared) drawCheck(comparison.changes);
  }).catch((error) => {
    if (!(error instanceof Problem)) throw error;
    toast(error.message);
  });
}

/** What the form could not take over from the file and still asks for: the person has changed nothing there. */
const isNotTakenOver = (change) => change.change === 'emptied' && page.mine.problems.some((problem) => codeOf(problem.field) === change.code);

/** `comparison`: what would change in the file, null while nothing is compared; the rest is folded below. */
function drawCheck(comparison) {
  const unresolved = new Map((comparison ?? []).filter(isNotTakenOver).map((change) => [change.code, change.former.join('、')]));
  const changes = comparison && comparison.filter((change) => !unresolved.has(change.code));
  const compared = new Set((changes ?? []).map((change) => change.code));
  const { problems } = page.mine;
  page.widgets.clear();
  const lines = page.schema.sections.map((section) => {
    page.section = section.code;
    const rest = section.fields.filter((field) => !compared.has(field.code));
    const rows = rest.map((field) => draw(field, valueOf(field), { ...context(field), locked: true }).element);
    return rows.length > 0 && h('details', { class: 'part', open: !changes }, h('summary', {}, section.title), rows);
  }).filter(Boolean);
  page.section = 'check';
  const list = problems.length ? h('section', { class: 'missing', 'aria-label': '还需补充' }, h('h3', {}, `还有${problems.length}处需要补充或修改`),
    h('ul', {}, problems.map((problem) => h('li', {},
      h('button', { type: 'button', class: 'link', onclick: () => jumpToField(problem.field) }, problem.message,
        unresolved.has(codeOf(problem.field)) && `（档案原登记：${unresolved.get(codeOf(problem.field))}）`)))))
    : uncorrected().length ? h('p', { class: 'bar warn' },
      `被退回的“${uncorrected().map((specialty) => page.names.get(`specialty/${specialty.code}`) ?? specialty.code).join('、')}”还没有修改。`
      + '可以更换专业，或补充材料后重新提交。')
      : !uncorrectedPlaces().length && h('p', { class: 'bar good' }, '填写完整。提交前请再次核对以下信息。');
  body.replaceChildren(h('h2', { class: 'title' }, '核对信息'), ...[list, openReturns()].filter(Boolean),
    ...(changes ? [compareWithFile(changes), h('h2', { class: 'title' }, '没有变更的内容')] : []), ...lines);
}

const CHANGE = { filled: '新填', changed: '修改', emptied: '清空', stated: '说明' };

/** What the application would change in the file: old and new. */
function compareWithFile(changes) {
  const count = changes.filter((change) => change.change !== 'stated').length;
  const side = (label, name, lines) => h('div', { class: name }, h('dt', {}, label),
    h('dd', {}, lines.length ? lines.map((line) => h('p', { class: 'lines' }, line)) : '（空）'));
  const blocks = changes.map((change) => h('section', { class: 'change', 'aria-label': change.label },
    h('div', { class: 'top' }, h('h3', {}, `${change.label} `, h('span', { class: 'tag warn' }, CHANGE[change.change])),
      page.editable.has(change.code) && h('button', { type: 'button', class: 'button small', onclick: () => jumpToField(change.code) }, '再改')),
    change.change === 'stated' ? change.value.map((line) => h('p', { class: 'lines' }, line))
      : h('dl', { class: 'compare' }, side('原', 'old', change.former), side('新', 'new', change.value))));
  return h('section', { 'aria-label': '与档案对照' }, h('h2', { class: 'title' }, count ? `与档案对照：${count}项有变更` : '与档案对照：没有变更'),
    h('div', { class: 'changes' }, blocks));
}

/** What was sent back and is not corrected yet, each with its place. */
function openReturns() {
  const places = uncorrectedPlaces();
  return places.length > 0 && h('section', { class: 'missing', 'aria-label': '退回后还没有修改' }, h('h3', {}, `退回的内容还有${places.length}处没有修改`),
    h('ul', {}, places.map((returned) => h('li', {},
      h('button', { type: 'button', class: 'link', onclick: () => jumpToField(returned.place) }, wordsOf(returned))))));
}

function jumpToField(field) {
  const code = codeOf(field);
  const section = page.schema.sections.find((owner) => owner.fields.some((other) => other.code === code));
  if (!section) return toast('这一项请到“我的账号”处理。');
  open(section.code);
  showProblems(page.mine.problems);
  return widgetAt(field)?.focus();
}

function actions() {
  const { papers } = page.schema;
  const { state } = page.mine.progress;
  const may = (event) => page.mine.may.includes(event);
  const made = [];
  if (may('print') || !papers.print_locks || page.mine.locked_version !== null) {
    made.push(h('button', { type: 'button', class: 'button', onclick: (event) => during(event.currentTarget, print) },
      papers.print_locks && state === 'draft' ? '打印表格（锁定）' : '打印表格'));
  }
  if (may('withdraw')) made.push(h('button', { type: 'button', class: 'button', onclick: (event) => during(event.currentTarget, withdraw) }, '撤回修改'));
  const first = page.mine.problems[0];
  if (may('submit') && first) made.push(h('button', { type: 'button', class: 'button primary', onclick: () => jumpToField(first.field) }, '去补充'));
  else if (may('submit')) {
    const send = (event) => during(event.currentTarget, submit, refusedSubmit);
    made.push(h('button', { type: 'button', class: 'button primary', onclick: send }, '提交审核'));
  }
  return made;
}

/** A dialog that asks for confirmation. */
function askConfirmation(title, text, yes) {
  return new Promise((resolve) => {
    const dialog = h('dialog', { class: 'ask', 'aria-label': title }, h('h2', {}, title), h('p', {}, text), h('div', { class: 'buttons' },
      h('button', { type: 'button', class: 'button', onclick: () => dialog.close('') }, '再看看'),
      h('button', { type: 'button', class: 'button primary', onclick: () => dialog.close('yes') }, yes)));
    dialog.addEventListener('close', () => { dialog.remove(); resolve(dialog.returnValue === 'yes'); });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Problems that stand on the printed form: all but missing files. */
function problemsOnPaper() {
  const fields = page.schema.sections.flatMap((section) => section.fields);
  return page.mine.problems.filter((problem) => fields.find((field) => field.code === codeOf(problem.field))?.kind !== 'file');
}

async function print() {
  const locks = page.schema.papers.print_locks && page.mine.progress.state === 'draft';
  const open = locks ? 0 : problemsOnPaper().length;
  if (open && !(await askConfirmation('还没有填完', `还有${open}处没有填好，现在打印的表不能用于提交，改后要重新打印、签字盖章。仍要打印吗？`, '仍要打印'))) return;
  if (locks && !(await askConfirmation('打印后不能再修改', '点击“打印表格”后，已填写的申报信息将被锁定，无法再修改（附件仍可上传）。请确认信息准确、完整。', '确认打印'))) return;
  if (!(await uploaded()) || !(await save())) return;
  await client.post(`/applications/${id}/papers/form`, { confirmed: locks });
  location.assign(`/h5/${pool}/papers/form?number=${number}`);
}

/** Opens the page on which a document can be opened or mailed: WeChat's browser can't save files. */
async function openDocument(paper) {
  if ((await uploaded()) && (await save())) location.assign(`/h5/${pool}/papers/${paper}?number=${number}`);
}

const TEMPLATES = {
  commitment_letter: ['打印承诺书', () => openDocument('commitment')],
  signed_form: ['打印表格', () => print()],
};

/** A button for the document to sign and scan for this field; null where there is none. */
function template(field) {
  const [label, work] = TEMPLATES[field.code] ?? [];
  const start = (event) => during(event.currentTarget, work);
  return label && isEditable(field) ? h('button', { type: 'button', class: 'button small', onclick: start }, label) : null;
}

async function withdraw() {
  if (!(await askConfirmation('撤回申请', '撤回后可以修改，改好请重新提交。', '撤回'))) return;
  await client.post(`/applications/${id}/withdrawal`);
  await refresh();
  const [first] = uncorrectedPlaces();
  if (first) jumpToField(first.place);
  else open(firstUnfinished());
}

async function submit() {
  const left = uncorrectedPlaces().length;
  const unchanged = left ? `退回的内容还有${left}处没有修改，可能再次被退回。` : '';
  const isLastChoice = page.schema.specialties?.fixed_once_submitted && !page.mine.progress.submitted_at;
  const fixed = isLastChoice ? '评标专业提交后，本次征集期间不能再改。' : '';
  if (!(await askConfirmation('提交审核', `${unchanged}${fixed}提交后在审核期间不能修改。确认所填信息真实、准确吗？`, '确认提交'))) return;
  await client.post(`/applications/${id}/submission`, { version: page.mine.version });
  page.dirty = false;
  location.assign(status);
}

async function refusedSubmit(error) {
  if (!isTemporary(error)) {
    await refresh();
    open('check');
  }
  notice.replaceChildren(h('p', { class: 'bar bad', role: 'alert' }, error.message));
}

load().catch((error) => {
  if (!(error instanceof Problem)) throw error;
  root.replaceChildren(h('p', { class: 'bar bad', role: 'alert' }, error.message),
    h('p', { class: 'actions' }, h('a', { class: 'button', href: `/h5/${pool}/apply` }, '返回')));
});
