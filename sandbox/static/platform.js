// The demonstration's trading platform: sends requests by its server, and shows the events that arrive.
const form = document.querySelector('#call');
const answer = document.querySelector('#answer');
const list = document.querySelector('#events');
const failing = document.querySelector('#failing');
const made = { project: '项目的id', lot: '标段的id', draw: '抽取的id', supervisor: '监督人的id', venue: null, terminal: '提交终端' };

const day = () => new Date(Date.now() + 3 * 86400000).toISOString().slice(0, 10);
const at = (time) => `${day()}T${time}:00+08:00`;
/** Of a project on site: another one each time, since an agency has a project of a number once. */
const newNumber = () => `E44010000012026${String(Date.now() % 100000).padStart(5, '0')}`;
const PRESETS = {
  当前系统: () => ['GET', '/client'],
  可选的值: () => ['GET', '/choices'],
  监督人: () => ['GET', '/supervisors'],
  查专业: () => ['GET', '/catalogues/specialty?word=A08'],
  新建项目: () => ['POST', '/projects', {
    name: '示例道路改造工程', number: newNumber(), category: '工程建设项目招标投标/市政工程', region: '440106',
    funding_source: '国家或政府投资项目', tender_method: '公开招标', organisation_form: '委托招标', tenderee_category: '法人',
    investment: 150000000, tenderee_name: '演示水务建设有限公司', tenderee_code: '91440101MA5000002T', contact: '张三',
    contact_phone: '18080808080', agency_name: '演示招标代理有限公司', agency_code: '91440101MA5000001P', on_site: true,
    lots: [{ name: '一标段', number: '01' }, { name: '二标段', number: '02' }],
  }],
  新建抽取: () => ['POST', '/draws', {
    project_id: made.project, lots: [made.lot], name: '示例道路改造工程(一标段)', medium: '招标投标监管网',
    opening_at: at('09:00'), opening_place: '第一开标室', needed: 3, starts_at: at('11:45'), ends_at: at('14:45'), on_site: true,
    operator_name: '周代理', operator_phone: '19900000001', operator_id_number: '11010519491231002X', supervisors: [made.supervisor],
    units: [{ name: '某某工程有限公司', reason: '投标人', evidence: '投标文件或报名记录' }],
    notices: [{
      venue: made.venue?.name ?? '评标场所', address: made.venue?.address ?? '地址', room: '3号评标室', gathering_at: at('11:00'),
      contact: '陈场地', contact_phone: '020-28866000', remark: '请携带身份证原件。',
    }],
    conditions: [{ notice: 1, region_mode: 'permanent', regions: ['440100'], specialty: 'A08', planned: 3 }],
  }],
  提交审核: () => ['POST', `/draws/${made.draw}/submission`, { terminal: made.terminal, reason: '请核验' }],
  查状态: () => ['GET', `/draws/${made.draw}`],
  查结果: () => ['GET', `/draws/${made.draw}/result`],
  查事件: () => ['GET', '/events'],
};

const send = async (path, body) => (await fetch(path, { method: 'POST', body: JSON.stringify(body) })).json();

const call = (method, path, body = '') => send('/platform/call', { method, path, body, key: method === 'POST' ? crypto.randomUUID() : '' });

function remember(path, status, text) {
  if (status >= 300 || !text) return;
  const value = JSON.parse(text);
  if (path === '/projects') [made.project, made.lot] = [value.id, value.lots[0]?.id ?? ''];
  if (path === '/draws') made.draw = value.id ?? made.draw;
  if (path === '/choices') [made.venue, made.terminal] = [value.venues[0], value.terminals[0]];
  if (path === '/supervisors') made.supervisor = value.items[0]?.id ?? made.supervisor;
}

function show(status, text) {
  let printed = text;
  try { printed = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it came */ }
  answer.textContent = `${status}\n${printed}`;
}

for (const [name, preset] of Object.entries(PRESETS)) {
  const button = Object.assign(document.createElement('button'), { type: 'button', textContent: name });
  button.addEventListener('click', () => {
    const [method, path, body] = preset();
    form.elements.method.value = method;
    form.elements.path.value = path;
    form.elements.body.value = body ? JSON.stringify(body, null, 2) : '';
  });
  document.querySelector('#presets').append(button);
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { method, path, body } = form.elements;
  answer.textContent = '正在发送…';
  const reply = await call(method.value, path.value, method.value === 'GET' ? '' : body.value);
  show(reply.status ?? '', reply.body ?? reply.error);
  if (method.value === 'POST' || method.value === 'GET') remember(path.value, reply.status, reply.body);
});

failing.addEventListener('change', () => send('/platform/failing', { failing: failing.checked }));

function line({ at: moment, genuine, repeated, content }) {
  const item = document.createElement('li');
  const title = document.createElement('strong');
  const data = content.data ?? {};
  title.textContent = content.type === 'test' ? '测试事件' : `${data.number ?? ''} ${content.type === 'draw.unsealed' ? '名单已解密' : data.label ?? ''}`;
  const sign = document.createElement('span');
  sign.className = genuine ? 'good' : 'bad';
  sign.textContent = `${genuine ? '签名相符' : '签名不符'}${repeated ? '，重复推送' : ''}`;
  const time = new Date(moment * 1000).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai' });
  item.append(title, sign, ` ${time}`);
  return item;
}

let shown = '';
async function refresh() {
  const state = await (await fetch('/platform/state')).json();
  document.querySelector('#guide').href = state.guide;
  document.querySelector('#keys').textContent = `接口地址 ${state.base}；客户端编号 ${state.client_id}；密钥 ${state.secret}；事件签名密钥 ${state.signing_secret}`;
  failing.checked = state.failing;
  const events = JSON.stringify(state.events);
  if (events !== shown) {
    shown = events;
    list.replaceChildren(...state.events.map(line));
    document.querySelector('#none').hidden = state.events.length > 0;
  }
}

async function prepare() {
  for (const path of ['/choices', '/supervisors']) {
    const reply = await call('GET', path);
    remember(path, reply.status, reply.body);
  }
}

await refresh();
await prepare().catch(() => {});
setInterval(() => refresh().catch(() => {}), 2000);
