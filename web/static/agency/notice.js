// A call notice: fills in the chosen venue's address, asks for the name of a venue that is not listed and for a contact who is no supervisor,
// offers phrases for the remark.
const showOther = () => {
  const venue = document.getElementById('f-venue');
  const other = document.querySelector('[data-other]');
  if (other && venue) other.hidden = venue.value !== other.dataset.other;
};

// A contact who was typed counts, so whoever chooses a supervisor instead empties those fields.
const showContact = (typedCounts) => {
  const chosen = document.getElementById('f-supervisor');
  const inputs = [...document.querySelectorAll('[data-contact] input')];
  if (!chosen || !inputs.length) return;
  if (typedCounts && inputs.some((input) => input.value)) chosen.value = '';
  document.querySelector('[data-contact]').hidden = chosen.value !== '';
  for (const input of inputs) {
    input.disabled = chosen.value !== '';
    if (input.disabled) input.value = '';
  }
};

document.addEventListener('change', ({ target }) => {
  if (target.id === 'f-supervisor') showContact(false);
  if (target.id !== 'f-venue') return;
  showOther();
  const { address } = target.selectedOptions?.[0]?.dataset ?? {};
  if (!address) return;
  const field = document.getElementById('f-address');
  field.value = address;
  field.dispatchEvent(new Event('input', { bubbles: true }));
});
const show = () => {
  showOther();
  showContact(true);
};
show();
document.addEventListener('fresh', show);

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
