// A call notice: fills in the chosen venue's address, asks for the name of a venue that is not listed, offers phrases for the remark.
const showOther = () => {
  const venue = document.getElementById('f-venue');
  const other = document.querySelector('[data-other]');
  if (other && venue) other.hidden = venue.value !== other.dataset.other;
};

document.addEventListener('change', ({ target }) => {
  if (target.id !== 'f-venue') return;
  showOther();
  const { address } = target.selectedOptions?.[0]?.dataset ?? {};
  if (!address) return;
  const field = document.getElementById('f-address');
  field.value = address;
  field.dispatchEvent(new Event('input', { bubbles: true }));
});
showOther();
document.addEventListener('fresh', showOther);

const showPhrases = () => document.querySelectorAll('[data-phrases]').forEach((phrase) => { phrase.hidden = false; });
showPhrases();
document.addEventListener('fresh', showPhrases);
document.addEventListener('click', ({ target }) => {
  if (!target.closest('[data-phrases] button')) return;
  const remark = document.getElementById('f-remark');
  const noteText = remark.value.trim();
  const more = noteText ? `${noteText.replace(/[。；]$/, '')}；${target.textContent}` : target.textContent;
  if (remark.maxLength < 0 || more.length <= remark.maxLength) remark.value = more;
  remark.focus();
});
