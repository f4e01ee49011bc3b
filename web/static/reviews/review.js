// Keyboard shortcuts, the decision as a sheet from below, and pictures and masked values on the same page. Without scripts these are links and forms.
const find = (selector, within = document) => within.querySelector(selector);
const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];
const sheet = find('[data-sheet]');
const viewer = find('[data-viewer]');
const modes = {
  approve: { title: '通过', label: '选填，申请人能看到', decisions: ['approve'] },
  send_back: { title: '退回修改', label: '请写明原因，申请人能看到；标记都写了说明的可不填', decisions: ['send_back', 'send_back_fields', 'send_back_whole'] },
  refuse: { title: '不通过', label: '请写明原因，申请人能看到', decisions: ['refuse'] },
};
let opener = null;
let mode = 'send_back';
const drafts = { true: '', false: '' };  // an opinion for sending back is not reused for an approval
let sent = false;

find('[data-close]')?.addEventListener('click', () => viewer.close());
for (const hint of findAll('[data-keys]')) hint.hidden = false;
if (sheet) prepareSheet();

function prepareSheet() {
  const form = find('[data-decide]', sheet);
  sheet.classList.add('floating');
  sheet.setAttribute('role', 'dialog');
  sheet.setAttribute('aria-modal', 'true');
  find('[data-cancel]', sheet).hidden = false;
  find('[data-phrases]', sheet).hidden = false;
  for (const link of findAll('[data-open]')) {
    link.setAttribute('role', 'button');
    link.addEventListener('click', (event) => { event.preventDefault(); openSheet(link.dataset.open, link); });
  }
  find('[data-cancel]', sheet).addEventListener('click', closeSheet);
  for (const chip of findAll('[data-phrase]', sheet)) {
    chip.addEventListener('click', () => {
      const box = form.elements.opinion;
      if (!box.value.includes(chip.dataset.phrase)) box.value = (box.value + chip.dataset.phrase).slice(0, box.maxLength);
      box.focus();
    });
  }
  form.elements.opinion.addEventListener('keydown', (event) => {
    // Enter decides, Shift+Enter is a new line; Enter that confirms Chinese input does neither.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    visibleChoices()[0]?.click();
  });
  form.addEventListener('submit', (event) => {
    const decision = event.submitter?.value;
    const problem = problemOf(decision, form.elements.opinion.value.trim());
    const missing = Boolean(problem);
    find('[data-problem]', sheet).textContent = problem;
    find('[data-problem]', sheet).hidden = !missing;
    form.elements.opinion.toggleAttribute('aria-invalid', missing);
    const undecided = decision === 'approve' && findAll('[data-alternatives] fieldset', sheet).filter((group) => !group.querySelector(':checked'));
    if (find('[data-undecided]', sheet)) find('[data-undecided]', sheet).hidden = !undecided?.length;
    if (missing || undecided?.length || sent) event.preventDefault();
    else sent = true;
    if (missing) form.elements.opinion.focus();
    else if (undecided?.length) undecided[0].querySelector('input').focus();
  });
  window.addEventListener('pageshow', () => { sent = false; });
  const wrong = form.elements.opinion.getAttribute('aria-invalid');
  if (wrong && find('[data-alternatives] :checked', sheet)) openSheet('approve');
  else if (wrong && (form.elements.opinion.value || marked().length)) openSheet('send_back');
  countMarks();
}

// ---- marks: fields and files for correction

function marked() {
  return findAll('[data-mark]:checked');
}

function problemOf(decision, opinion) {
  if (decision === 'approve') return marked().length ? '您标出了需要修改的内容，通过前请取消标记。' : '';
  if (decision === 'send_back_fields' && !marked().length) return '请先在申请表上勾选需要修改的内容。';
  const explained = marked().some((box) => whyOf(box).querySelector('input').value.trim());
  return opinion || (decision !== 'refuse' && explained) ? '' : '请写明原因。';
}

/** The words of a box. */
function whyOf(box) {
  return box.closest('label').nextElementSibling;
}

function showMark(box) {
  const why = whyOf(box);
  const words = why.querySelector('input');
  why.hidden = !box.checked;
  words.disabled = !box.checked;
}

function countMarks() {
  const line = sheet && find('[data-marked]', sheet);
  if (!line) return;
  const names = marked().map((box) => box.dataset.mark);
  line.hidden = !names.length;
  line.textContent = `已标出${names.length}处需要修改：${names.join('、')}`;
  find('[data-unmark]', sheet).hidden = !names.length || mode === 'send_back';
  for (const link of findAll('nav [data-open="send_back"]')) link.textContent = names.length ? `退回（${names.length}处）` : '退回';
}

document.addEventListener('change', (event) => {
  if (!event.target.matches('[data-mark]')) return;
  showMark(event.target);
  if (event.target.checked) whyOf(event.target).querySelector('input').focus({ preventScroll: true });
  countMarks();
});

document.addEventListener('click', (event) => {
  const phrase = event.target.closest('[data-words]');
  if (phrase) phrase.closest('.why').querySelector('input').value = phrase.dataset.words;
  if (event.target.closest('[data-unmark]')) {
    for (const box of marked()) { box.checked = false; showMark(box); }
    countMarks();
  }
});

/** Marks stay when a part of the page is replaced. */
function keepMarks(from, to) {
  for (const box of findAll('[data-mark]', to)) {
    const old = find(`[name="${box.name}"]`, from);
    box.checked = old.checked;
    whyOf(box).querySelector('input').value = whyOf(old).querySelector('input').value;
    showMark(box);
  }
}

function visibleChoices() {
  return findAll('[data-decision]', sheet).filter((button) => !button.hidden);
}

function openSheet(wanted, from = document.activeElement) {
  if (!modes[wanted] || !find(modes[wanted].decisions.map((name) => `[data-decision="${name}"]`).join(), sheet)) return;
  opener = from;
  const box = find('textarea', sheet);
  drafts[mode === 'approve'] = box.value;
  mode = wanted;
  box.value = drafts[mode === 'approve'];
  find('[data-title]', sheet).textContent = modes[mode].title;
  find('[data-label]', sheet).textContent = modes[mode].label;
  for (const button of findAll('[data-decision]', sheet)) button.hidden = !modes[mode].decisions.includes(button.value);
  for (const effect of findAll('[data-effect]', sheet)) effect.hidden = !modes[mode].decisions.includes(effect.dataset.effect);
  for (const chip of findAll('[data-phrase]', sheet)) chip.hidden = ('good' in chip.dataset) !== (mode === 'approve');
  find('[data-problem]', sheet).hidden = true;
  countMarks();
  const alternatives = find('[data-alternatives]', sheet);
  if (alternatives) alternatives.hidden = mode !== 'approve';
  sheet.classList.add('up');
  const first = mode === 'approve' && find('[data-alternatives] input', sheet);
  (first || (mode === 'approve' ? visibleChoices()[0] : box)).focus();
}

function closeSheet() {
  sheet.classList.remove('up');
  document.activeElement?.blur();  // a hidden field would receive the keys until the next frame
  opener?.focus?.();
}

function step(by) {
  const cards = findAll('[data-card]');
  if (cards.length) {
    const at = cards.indexOf(document.activeElement);
    cards[Math.min(Math.max(at + by, 0), cards.length - 1)].focus();
    return;
  }
  const stops = findAll('[data-stop]');
  const here = stops.findIndex((stop) => stop.getBoundingClientRect().top > 20);
  const last = here < 0 ? stops.length : here;
  const atTop = stops[last] && Math.abs(stops[last].getBoundingClientRect().top) <= 20;
  const target = by > 0 ? last + (atTop ? 1 : 0) : last - 2;
  stops[Math.min(Math.max(target, 0), stops.length - 1)]?.scrollIntoView({ block: 'start' });
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || viewer?.open) return;
  const up = sheet?.classList.contains('up');
  if (event.key === 'Escape') {
    if (up) closeSheet();
    else if (find('[data-back]')) find('[data-back]').click();
    return;
  }
  if (up) trapFocus(event);
  if (up || event.target.closest('input, textarea, select')) return;
  const keys = {
    j: () => step(1), k: () => step(-1), '/': () => find('#q')?.focus(), n: () => find('[data-next]')?.click(),
    a: () => sheet && openSheet('approve'), b: () => sheet && openSheet('send_back'), x: () => sheet && openSheet('refuse'),
  };
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});

function trapFocus(event) {
  if (event.key !== 'Tab') return;
  const stops = findAll('button, textarea, input[type=radio]', sheet).filter((item) => item.offsetParent);
  const [first, last] = [stops[0], stops[stops.length - 1]];
  if (event.shiftKey ? document.activeElement === first : document.activeElement === last) {
    event.preventDefault();
    (event.shiftKey ? last : first).focus();
  }
}

document.addEventListener('click', (event) => {
  if (sheet?.classList.contains('up') && !event.target.closest('[data-sheet], [data-open]')) closeSheet();
  const picture = event.target.closest('[data-picture]');
  if (!picture || !viewer || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const image = find('[data-viewer-image]', viewer);
  image.src = picture.href;
  image.alt = picture.dataset.picture;
  viewer.showModal();
});

for (const form of findAll('[data-show]')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    const place = form.closest('[id^="f-"]');
    try {
      const answer = await fetch(form.action, { method: 'POST', body, credentials: 'same-origin' });
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById(place.id);
      if (!answer.ok || !fresh) throw new Error('not shown');
      keepMarks(place, fresh);
      place.replaceWith(document.adoptNode(fresh));
    } catch {
      form.submit();
    }
  });
}
