// Checks the record in this browser: fetches its file, recomputes it, and explains the result.
import { receipts as receiptsOf, shelfOf } from './commitment.js';
import { parseFile } from './record_bytes.js';
import { compare, verify } from './record_check.js';
import { story } from './record_story.js';

const section = document.getElementById('check');
const start = section.querySelector('button');
const outcome = section.querySelector('[role="status"]');
const storyPlace = document.getElementById('story');
const sentences = JSON.parse(section.dataset.sentences);
const words = JSON.parse(section.dataset.words);
const receipts = new URLSearchParams(location.hash.slice(1)).get('receipts')?.split(',').filter(Boolean) ?? storedReceipts();

/** Receipts that this browser stored when it took part; none without storage. */
function storedReceipts() {
  try {
    return receiptsOf(shelfOf(section.dataset.id), section.dataset.draw).map(({ head }) => head);
  } catch {
    return [];
  }
}

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const named = (fact) => String(fact ?? '').replace(/[a-z_]+/g, (code) => words.codes[code] ?? code);
const sentenceOf = ({ code, facts }) => (sentences[code] ?? code).replace(/ ?\{(\w+)\} ?/g, (_, name) => named(facts[name]));

/** A link to the entry's row, which may be on another page of the list. */
function entryLink(entry) {
  if (entry === null) return '整份记录：';
  const page = Math.ceil(entry / Number(section.dataset.pageSize));
  return element('a', { href: `?page=${page}#entry-${entry}` }, `第${entry}条：`);
}

const lines = (findings) => element('ul', {}, ...findings.map((finding) => element('li', {}, element('p', {}, entryLink(finding.entry), sentenceOf(finding)))));

function showVerdict(kind, mark, title, ...rest) {
  outcome.className = `verdict ${kind}`;
  outcome.replaceChildren(element('span', { className: 'tick', ariaHidden: 'true' }, mark), element('div', {}, element('h3', {}, title), ...rest));
}

function describeRecall({ panel }, log) {
  const confirmed = log.filter((entry) => entry.act === 'confirmed').length;
  const progress = confirmed === panel.size ? '每位都确认过一次' : `已确认${confirmed}位`;
  return `这是通知原专家评标的记录，不重新抽取：名单上有${panel.size}位原专家，${progress}。`;
}

function describeDraw(seeds, ordered) {
  if (!seeds.length && section.dataset.over) return ['活动在确定专家之前就结束了，没有抽取专家。'];
  return [
    seeds.length ? '三方的随机数，都与他们事先锁定的一致；摇号结果确实由三方的随机数算出，少一方、改一位都不行。' : '摇号还没有完成，目前的记录没有问题。',
    '候选名单锁定在前，随机数公开在后：锁定名单时，谁也不知道结果。',
    ...(seeds.length && ordered ? ['专家顺序由摇号结果算出，通知严格按这个顺序进行，没有漏掉、插队或多通知。'] : []),
  ];
}

/** The result of the comparison with the earlier activities; `missing` is the reason why there was none. */
function describeOriginals({ history, panel }, missing) {
  const numbers = withRecord(history);
  if (missing || !numbers.length) return [];
  const same = `已取来此前${numbers.length}次活动的记录一并核对：${numbers.join('、')}，首条所写的历次摇号和结局都与它们相符`;
  return [history.isRecall ? `${same}；通知的${panel.size}位专家正是原活动结束时的参评专家，一位不多、一位不少。` : `${same}。`];
}

const withRecord = (history) => [...history.earlier.values()].filter(({ head }) => head).map(({ number }) => number);

function titleOf(odd, ordered, missing) {
  if (missing) return '核对通过，此前的活动尚未比对';
  if (odd) return `核对通过，有${odd}点请留意`;
  return ordered ? '核对通过' : '到目前为止，核对通过';
}

function showPassed(verification, log, missing) {
  const { findings, seeds, panel } = verification;
  const ordered = !findings.some((finding) => finding.code === 'order_unchecked');
  const facts = [
    ...(panel.size ? [describeRecall(verification, log)] : describeDraw(seeds, ordered)),
    ...describeOriginals(verification, missing),
    `${log.length}条记录一环扣一环，没有被改动、删除或插入。`,
    ...(receipts.length ? ['您保存的回执都在记录中，记录没有被截短或重写。'] : []),
  ];
  const list = element('ul', { className: 'ticks' }, ...facts.map((fact) => element('li', {}, fact)));
  const odd = findings.filter((finding) => finding.code !== 'order_unchecked').length;
  const notes = findings.length ? [element('p', {}, odd ? '另外请留意：' : '还要等一等：'), lines(findings)] : [];
  if (missing) notes.unshift(element('p', {}, missing));
  showVerdict(odd || missing ? 'warn' : 'good', '✓', titleOf(odd, ordered, missing), list, ...notes);
}

function showFailed(errors) {
  const [first] = errors;
  if (first.entry !== null) document.getElementById(`entry-${first.entry}`)?.classList.add('broken');
  showVerdict('bad', '✗', first.entry === null ? '核对不通过' : `核对不通过：第${first.entry}条对不上`, lines(errors),
    element('p', {}, '这份记录不能作为依据。请下载保存，并向监督部门反映。'));
}

/** Shows that the record is consistent but does not match those of the activities before it. */
function showMismatch(errors) {
  const items = errors.map((finding) => element('li', {}, sentenceOf(finding)));
  showVerdict('bad', '✗', '核对不通过：与此前的活动对不上', element('ul', {}, ...items),
    element('p', {}, '这份记录本身前后一致，但它所写的此前情况与那些活动的记录不符。请把这些记录都下载保存，并向监督部门反映。'));
}

function showStory(record) {
  const sections = story(record, words).map(({ title, lines: points }) => element('section', {}, element('h2', {}, title),
    element('ul', {}, ...points.map((line) => element('li', {}, line)))));
  storyPlace.replaceChildren(...sections);
}

/** Why this browser can't recompute a record here; empty when it can. */
function obstacle() {
  if (!window.isSecureContext) return '这个页面不是以https打开的，浏览器因此不提供核对所需的计算功能。请用https开头的地址打开，或者下载记录，用下面的核对程序核对。';
  if (!globalThis.crypto?.subtle) return '您的浏览器没有核对所需的计算功能。请更新微信或换一个浏览器，也可以下载记录，用下面的核对程序核对。';
  return '';
}

const showObstacle = (why) => showVerdict('warn', '!', '现在不能在浏览器里核对', element('p', {}, why));

/** The record at a path, as bytes; or why it could not be fetched, as text. */
async function fetchRecord(path, otherwise) {
  try {
    const answer = await fetch(path);
    if (answer.ok) return await answer.arrayBuffer();
    return answer.status === 429 ? '查询太频繁，请一分钟后再点“核对抽取记录”。' : otherwise;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return '请检查网络后重试；仍不行的，请用下面的核对程序。';
  }
}

/** Differences from the records of the activities before it, or why these could not be compared. */
async function compareWithOriginals(record, verification) {
  const originals = [];
  for (const number of withRecord(verification.history)) {
    const path = `/record/${encodeURIComponent(record.pool)}/${encodeURIComponent(number)}/file`;
    const file = await fetchRecord(path, '没有找到它的记录。');
    if (typeof file === 'string') return { errors: [], missing: `没有取到此前活动${number}的记录，还不能确认与它相符：${file}` };
    originals.push(readOriginal(file));
  }
  return { errors: await compare(verification, originals), missing: '' };
}

/** An original that can't be parsed is compared as an empty record. */
function readOriginal(file) {
  try {
    return parseFile(file);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return {};
  }
}

async function checkFile(file) {
  const record = parseFile(file);
  const verification = await verify(record, receipts);
  const errors = verification.findings.filter((finding) => finding.severity === 'error');
  if (errors.length) return showFailed(errors);
  const comparison = await compareWithOriginals(record, verification);
  if (comparison.errors.length) return showMismatch(comparison.errors);
  showPassed(verification, record.log, comparison.missing);
  return showStory(record);
}

async function run() {
  const why = obstacle();
  if (why) return showObstacle(why);
  start.disabled = true;
  outcome.className = '';
  outcome.textContent = '正在重新计算…';
  storyPlace.replaceChildren();
  try {
    const file = await fetchRecord(section.dataset.file, '没有取到记录文件：链接可能已经过期。请刷新页面；活动已结束的，凭活动编号也能查看。');
    if (typeof file === 'string') showObstacle(file);
    else await checkFile(file);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    showVerdict('bad', '✗', '读不出这份记录', element('p', {}, '文件内容不是规定的格式，可能被改动过。'));
  } finally {
    start.disabled = false;
  }
  return null;
}

start.addEventListener('click', run);
start.disabled = false; // disabled in the page until a press has an effect
if (section.dataset.over) run();
