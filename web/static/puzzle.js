// Before a browser that nobody knows gets an SMS code, it calculates for a second or two, while the number is typed.
const field = document.querySelector('[data-puzzle]');
const { form } = field;
let waiting = null;

function goOn() {
  if (!waiting) return;
  const button = waiting;
  waiting = null;
  button.textContent = button.dataset.words;
  form.requestSubmit ? form.requestSubmit(button) : button.click();
}

const worker = new Worker(new URL('puzzle_worker.js', import.meta.url));
worker.addEventListener('message', ({ data }) => { field.value = data; goOn(); });
worker.addEventListener('error', () => { field.value = '-'; goOn(); }); // the answer says what else can be done
worker.postMessage({ token: field.dataset.puzzle, bits: Number(field.dataset.bits), parts: Number(field.dataset.parts) });

form.addEventListener('submit', (event) => {
  const button = event.submitter || form.querySelector('button.primary');
  const asksForCode = (button.getAttribute('formaction') || form.getAttribute('action')) === field.dataset.for;
  if (!asksForCode || field.value) return;
  event.preventDefault();
  if (waiting) return;
  waiting = button;
  button.dataset.words = button.textContent;
  button.textContent = '安全检查中…';
});
