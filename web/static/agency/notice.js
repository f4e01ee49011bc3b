// A call notice: the address of a venue that is chosen, and phrases for the remark.
const venues = new Map([...document.querySelectorAll('#list-venues option[data-address]')].map((one) => [one.value, one.dataset.address]));

document.addEventListener('change', ({ target }) => {
  const address = document.getElementById('f-address');
  if (target.id !== 'f-venue' || !venues.has(target.value)) return;
  address.value = venues.get(target.value);
  address.dispatchEvent(new Event('input', { bubbles: true }));
});

const showPhrases = () => document.querySelectorAll('[data-phrases]').forEach((one) => { one.hidden = false; });
showPhrases();
document.addEventListener('fresh', showPhrases);
document.addEventListener('click', ({ target }) => {
  if (!target.closest('[data-phrases] button')) return;
  const remark = document.getElementById('f-remark');
  const said = remark.value.trim();
  const more = said ? `${said.replace(/[。；]$/, '')}；${target.textContent}` : target.textContent;
  if (remark.maxLength < 0 || more.length <= remark.maxLength) remark.value = more;
  remark.focus();
});
