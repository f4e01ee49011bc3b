// An unknown browser solves a puzzle before it gets an SMS code: a second or two, while the person types the number.
let waiting = null;
let field = null;

function submitWaitingForm() {
  if (!waiting) return;
  const button = waiting;
  waiting = null;
  button.textContent = button.dataset.words;
  field.form.requestSubmit ? field.form.requestSubmit(button) : button.click();
}

/** Solves the puzzle of the page that is shown now. */
function solve() {
  waiting = null;
  field = document.querySelector('[data-puzzle]');
  if (!field || field.value) return;
  const current = field;
  const worker = new Worker(new URL('puzzle_worker.js', import.meta.url));
  const solved = (answer) => {
    current.value = answer;
    worker.terminate();
    if (current === field) submitWaitingForm();
  };
  worker.addEventListener('message', ({ data }) => solved(data));
  worker.addEventListener('error', () => solved('-')); // the service then answers with other ways
  worker.postMessage({ token: current.dataset.puzzle, bits: Number(current.dataset.bits), parts: Number(current.dataset.parts) });
}

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form !== field?.form) return;
  const button = event.submitter || form.querySelector('button.primary');
  const asksForCode = (button.getAttribute('formaction') || form.getAttribute('action')) === field.dataset.for;
  if (!asksForCode || field.value) return;
  event.preventDefault();
  if (waiting) return;
  waiting = button;
  button.dataset.words = button.textContent;
  button.textContent = '安全检查中…';
}, { capture: true });
document.addEventListener('fresh', solve);
solve();
