// Puts every component of the pane once on the page; gives the names of the parts.
async () => {
    const ui = await import('/_/mini/ui.js');
    const { makeForm } = await import('/_/mini/forms.js');
    const { rolls } = await import('/_/mini/rolls.js');
    const page = {
        api: { get: async () => ({ items: [], total: 0 }), name: async (kind, code) => code }, onLeave() {}, toast() {}, now: () => 0,
        app: { host: {}, overlay() {} }, pool: { choices: {} },
    };
    const round = { round_number: 1, committed: ['agency'], revealed: [], seed: '' };
    const types = ['text', 'tel', 'time', 'whole', 'wan', 'textarea', 'choice', 'ticks', 'switch', 'code', 'codes', 'supervisors'];
    const form = makeForm(page, types.map((type) => ({
        name: type, label: `字段${type}`, type, hint: '选填', kind: 'region', phrases: ['请带身份证', '请提前到场'],
        options: [['a', '第一标段'], ['b', '第二标段']],
    })), {}, { label: '保存', submit() {} });
    const parts = {
        cells: ui.cells('分组', [ui.cell('只读', '值', { note: '说明' }), ui.cell('可点', '', { onclick() {}, tag: ui.tag('open', '待答复') })], '备注'),
        buttons: ui.buttons(ui.button('主要', null, 'primary'), ui.button('次要'), ui.button('警示', null, 'warn')),
        banners: ui.h('div', { class: 'm-stack' }, ui.banner('绿'), ui.banner('橙', 'orange'), ui.banner('红', 'red'), ui.note('说明'), ui.empty('没有')),
        tabs: ui.h('div', { class: 'm-tabs' }, ui.h('button', { 'aria-pressed': 'true' }, '待核验'), ui.h('button', {}, '已通过')),
        search: ui.h('form', { class: 'm-search' }, ui.h('input', { class: 'm-input', 'aria-label': '搜索' }),
            ui.h('select', { 'aria-label': '类型' }, ui.h('option', {}, '全部')), ui.h('button', { class: 'm-small' }, '搜索')),
        consent: ui.h('label', { class: 'm-consent' }, ui.h('input', { type: 'checkbox' }), '我已阅读并同意'),
        rolls: await rolls(page, { id: 'x' }, round),
        form,
    };
    const body = ui.h('div', { class: 'm-body', id: 'gallery' }, Object.entries(parts).map(([name, part]) =>
        ui.h('div', { data: { part: name } }, part)));
    document.body.replaceChildren(ui.h('div', { class: 'gallery-stage' }, body));
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('body { display: block; overflow: auto; } html, body { height: auto; }'
        + ' .gallery-stage { width: 344px; } .m-body { overflow: visible; }');
    document.adoptedStyleSheets = [sheet];
    return Object.keys(parts);
}
