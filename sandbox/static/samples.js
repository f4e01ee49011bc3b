// Sample data for a person who tries the pages: an example draw, and values for the empty fields of an open page.
import { h, toast } from './dom.js';
import { ID_NUMBER, later, makeExample } from './example.js';
import { Pages, Stuck, entrance } from './pages.js';

const OFFICES = ['agency', 'legal', 'verifier', 'supervisor', 'venue'];
const DAY = 1440;
/** Minutes from now by the name of a field; a follow-up takes place tomorrow. */
const TIMES = { bid_closing_at: DAY - 240, opening_at: DAY - 240, gathering_at: DAY - 30, starts_at: DAY, ends_at: DAY + 180 };
const own = ({ mobile }) => mobile;
const WORDS = { operator_id_number: () => ID_NUMBER, phone: own, operator_phone: own, contact_phone: own };

export class Samples {
  constructor(phone) {
    this.phone = phone;
    const { name, role } = phone.data;
    this.example = role === 'agency' ? h('button', {
      type: 'button', class: 'sample', title: '建好一个可以提交的抽取', 'aria-label': '一键示例抽取', onclick: () => this.make(),
    }, '一键示例') : null;
    this.fill = OFFICES.includes(role) ? h('button', {
      type: 'button', class: 'sample', title: '把这一页还空着的填上', 'aria-label': `在${name}的网页上填入示例`, onclick: () => this.fillIn(),
    }, '填入示例') : null;
  }

  get buttons() { return [this.example, this.fill].filter(Boolean); }

  /** Makes a draw, and opens the page for submitting it. */
  async make() {
    const { data, workspace } = this.phone;
    this.example.disabled = true;
    toast('正在填写示例，请稍候……');
    try {
      const id = await makeExample(new Pages(data), data, workspace.now() * 1000);
      workspace.guide?.begin(id);
      this.show(`/agency/draws/${id}/submit`);
      toast('示例抽取已建好，每一步都可以修改。');
    } catch (error) {
      if (!(error instanceof Stuck)) throw error;
      toast(error.message);
      if (error.message.includes('登录')) this.show('/agency');
    } finally {
      this.example.disabled = false;
    }
  }

  /** Opens a page of the office in WeChat's browser. */
  show(path) {
    const { workspace, data } = this.phone;
    this.phone.select('chat');
    this.phone.openUrl(`${workspace.state.service_url}${entrance(data.pool, path)}`);
  }

  fillIn() {
    const page = this.phone.browser.document;
    const empty = page ? emptyFields(page) : [];
    for (const field of empty) write(field, this.valueOf(field));
    if (empty.length) empty[0].scrollIntoView({ block: 'center' });
    else toast(page ? '这一页没有空着的必填项。' : '请先打开一个网页。');
  }

  valueOf({ name, type, placeholder = '' }) {
    if (type === 'datetime-local') return later(this.phone.workspace.now() * 1000, TIMES[name] ?? DAY);
    return WORDS[name]?.(this.phone.data) ?? (placeholder.replace(/^如：/, '') || '演示说明');
  }
}

const ASKED = ['input[required]:not([type="radio"], [type="checkbox"])', 'textarea[required]', 'select[required]', 'input[type="file"]'];

/** Fields of an open page to fill in: empty required ones and proofs, in forms that are not folded. */
export function emptyFields(page) {
  const fields = page.querySelectorAll(ASKED.map((one) => `main ${one}`).join());
  return [...fields].filter((field) => field.checkVisibility() && !field.disabled && !field.value && !isReplaced(field));
}

/** A file that is already uploaded. */
const isReplaced = (field) => field.type === 'file' && field.form.parentElement.querySelector('[name="command"][value="remove"]');

function write(field, value) {
  if (field.type === 'file') field.files = chosen(field);
  else if (field.tagName === 'SELECT') field.value = [...field.options].find((option) => option.value)?.value ?? '';
  else field.value = value;
  for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, { bubbles: true }));
}

/** An empty PDF page, as from the phone's files. */
function chosen({ accept }) {
  const carrier = new DataTransfer();
  if (accept.includes('.pdf')) carrier.items.add(new File([blankPdf()], '演示证明.pdf', { type: 'application/pdf' }));
  return carrier.files;
}

function blankPdf() {
  const objects = ['<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[3 0 R]/Count 1>>', '<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>>>'];
  let text = '%PDF-1.4\n';
  const places = objects.map((object, at) => {
    const place = text.length;
    text += `${at + 1} 0 obj${object}endobj\n`;
    return `${String(place).padStart(10, '0')} 00000 n \n`;
  });
  const table = text.length;
  return `${text}xref\n0 4\n0000000000 65535 f \n${places.join('')}trailer<</Size 4/Root 1 0 R>>\nstartxref\n${table}\n%%EOF\n`;
}
