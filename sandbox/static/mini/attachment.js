// The file attached to a draw's request for verification (申请附件), and the papers to make one from.
import { ask, button, buttons, cell, cells, h, save } from './ui.js';
import { Problem } from './api.js';

const LONGEST = 20_000_000;
const ENDINGS = ['pdf', 'jpg', 'jpeg', 'png'];
const size = (bytes) => (bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`);

/** For the agency while nothing is handed in: papers, upload, removal. For everybody who may read it: the file to save. */
export async function attachment(page, found) {
  const path = `/draws/${found.id}/attachment`;
  const [file] = (await page.api.get(path)).items;
  const editing = page.mayEdit(found);
  if (!file && !editing) return [];
  return [
    cells('申请附件', [
      file ? cell(file.filename, size(file.size), { note: '点按保存到本机后查看', onclick: () => download(page, `${path}/file`, file.filename) })
        : cell('还没有附件', '', { note: '选填：盖章的申请表等' }),
      editing && cell('下载申请表', '', { note: '按本次抽取填好，打印盖章后扫描上传', onclick: () => download(page, `/draws/${found.id}/papers/application`, `${found.number}.pdf`) }),
      editing && cell('下载空白模板', '', { note: '手工填写', onclick: () => download(page, '/draw-templates/draw', '申请表模板.pdf') }),
    ].filter(Boolean), editing ? `PDF、JPG 或 PNG，一个文件，不超过 ${LONGEST / 1_000_000} MB；提交审核后不能更换。` : ''),
    editing && buttons(...upload(page, path, file), file && button('移除附件', () => remove(page, path), 'warn')),
  ];
}

/** The file as it is, saved under its name and never shown inside the page. */
async function download(page, path, name) {
  const response = await page.api.fetch('GET', path);
  if (!response.ok) await page.api.read(response);
  save(await response.blob(), name);
}

function upload(page, path, file) {
  const chosen = h('input', { type: 'file', accept: ENDINGS.map((one) => `.${one}`).join(), hidden: true, 'aria-label': '选择附件' });
  const choose = button(file ? '更换附件' : '上传附件', () => new Promise((resolve, reject) => {
    chosen.value = '';
    chosen.onchange = () => send(page, path, chosen.files[0]).then(resolve, reject);
    chosen.oncancel = () => resolve();
    chosen.click();
  }));
  return [chosen, choose];
}

async function send(page, path, file) {
  if (!file) return;
  if (!ENDINGS.includes(file.name.split('.').at(-1).toLowerCase())) throw new Problem(422, { detail: '请选择 PDF、JPG 或 PNG 文件。' });
  if (file.size > LONGEST) throw new Problem(413, { detail: `文件过大（${size(file.size)}），请压缩到 20 MB 以内。` });
  const body = new FormData();
  body.append('file', file);
  await page.api.post(path, body);
  page.toast('附件已上传。');
  page.refresh();
}

async function remove(page, path) {
  if (!await ask(page, { title: '移除附件', text: '移除后可以重新上传。', ok: '移除', kind: 'warn' })) return;
  await page.api.delete(path);
  page.toast('附件已移除。');
  page.refresh();
}
