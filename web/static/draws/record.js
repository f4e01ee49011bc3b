// Checks the record in this browser: fetches its file, recomputes it, and says in plain words what came of it.
import { receipts as receiptsOf, shelfOf } from './commitment.js';
import { parseFile } from './record_bytes.js';
import { verify } from './record_check.js';
import { story } from './record_story.js';

const section = document.getElementById('check');
const start = section.querySelector('button');
const outcome = section.querySelector('[role="status"]');
const told = document.getElementById('story');
const sentences = JSON.parse(section.dataset.sentences);
const words = JSON.parse(section.dataset.words);
const receipts = new URLSearchParams(location.hash.slice(1)).get('receipts')?.split(',').filter(Boolean) ?? kept();

/** What this browser itself kept when it took part; a browser without storage kept nothing. */
function kept() {
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

const say = ({ code, facts }) => (sentences[code] ?? code).replace(/\{(\w+)\}/g, (_, name) => String(facts[name] ?? ''));

/** Leads to the entry's row, also when it stands on another page of the list. */
function place(entry) {
  if (entry === null) return '整份记录：';
  const page = Math.ceil(entry / Number(section.dataset.pageSize));
  return element('a', { href: `?page=${page}#entry-${entry}` }, `第${entry}条：`);
}

const lines = (findings) => element('ul', {}, ...findings.map((found) => element('li', {}, place(found.entry), say(found))));

function verdict(kind, mark, title, ...rest) {
  outcome.className = `verdict ${kind}`;
  outcome.replaceChildren(element('span', { className: 'tick', ariaHidden: 'true' }, mark), element('div', {}, element('h3', {}, title), ...rest));
}

function held({ findings, seeds, recalled }, entries) {
  const ordered = !findings.some((found) => found.code === 'order_unchecked');
  const facts = recalled ? [
    `这是通知原专家评标的记录：不重新抽取，名单是原活动的${recalled}位专家，每位都确认过一次。`,
    `${entries}条记录一环扣一环，没有被改动、删除或插入。`,
    ...(receipts.length ? ['您保存的回执都在记录中，记录没有被截短或重写。'] : []),
  ] : [
    seeds.length ? '三方的随机数，都与他们事先锁定的一致；摇号结果确实由三方的随机数算出，少一方、改一位都不行。' : '摇号还没有完成，目前的记录没有问题。',
    '候选名单锁定在前，随机数公开在后：锁定名单时，谁也不知道结果。',
    ...(seeds.length && ordered ? ['专家顺序由摇号结果算出，通知严格按这个顺序进行，没有漏掉、插队或多通知。'] : []),
    `${entries}条记录一环扣一环，没有被改动、删除或插入。`,
    ...(receipts.length ? ['您手机里的回执都在记录中，记录没有被截短或重写。'] : []),
  ];
  const list = element('ul', { className: 'ticks' }, ...facts.map((fact) => element('li', {}, fact)));
  const odd = findings.filter((found) => found.code !== 'order_unchecked');
  const notes = findings.length ? [element('p', {}, odd.length ? '另外请留意：' : '还要等一等：'), lines(findings)] : [];
  const title = odd.length ? `核对通过，有${odd.length}点请留意` : ordered ? '核对通过' : '到目前为止，核对通过';
  verdict(odd.length ? 'warn' : 'good', '✓', title, list, ...notes);
}

function broken(errors) {
  const [first] = errors;
  if (first.entry !== null) document.getElementById(`entry-${first.entry}`)?.classList.add('broken');
  verdict('bad', '✗', first.entry === null ? '核对不通过' : `核对不通过：第${first.entry}条对不上`, lines(errors),
    element('p', {}, '这份记录不能作为依据。请下载保存，并向监督部门反映。'));
}

function tell(record) {
  const sections = story(record, words).map(({ title, lines: said }) => element('section', {}, element('h2', {}, title),
    element('ul', {}, ...said.map((line) => element('li', {}, line)))));
  told.replaceChildren(...sections);
}

/** Why this browser can't recompute anything here; empty when it can. */
function hindrance() {
  if (!window.isSecureContext) return '这个页面不是以https打开的，浏览器因此不提供核对所需的计算功能。请用https开头的地址打开，或者下载记录，用下面的核验程序核对。';
  if (!globalThis.crypto?.subtle) return '您的浏览器没有核对所需的计算功能。请更新微信或换一个浏览器，也可以下载记录，用下面的核验程序核对。';
  return '';
}

const cannot = (why) => verdict('warn', '!', '现在不能在浏览器里核对', element('p', {}, why));

async function fetched() {
  try {
    const answer = await fetch(section.dataset.file);
    if (answer.ok) return await answer.arrayBuffer();
    cannot(answer.status === 429 ? '查询太频繁，请一分钟后再点“核对抽取记录”。' : '没有取到记录文件：链接可能已经过期。请刷新页面；活动已结束的，凭活动编号也能查看。');
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    cannot('请检查网络后重试；仍不行的，请用下面的核验程序。');
  }
  return null;
}

async function judge(file) {
  const record = parseFile(file);
  const found = await verify(record, receipts);
  const errors = found.findings.filter((one) => one.severity === 'error');
  if (errors.length) return broken(errors);
  held(found, record.log.length);
  return tell(record);
}

async function run() {
  const why = hindrance();
  if (why) return cannot(why);
  start.disabled = true;
  outcome.className = '';
  outcome.textContent = '正在重新计算…';
  told.replaceChildren();
  try {
    const file = await fetched();
    if (file) await judge(file);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    verdict('bad', '✗', '读不出这份记录', element('p', {}, '文件内容不是规定的格式，可能被改动过。'));
  } finally {
    start.disabled = false;
  }
  return null;
}

start.addEventListener('click', run);
if (section.dataset.over) run();
