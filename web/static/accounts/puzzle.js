// Before a browser that no one knows gets an SMS code, it calculates for a second or two, while the number is typed.
let waiting = null;
let field = null;

function goOn() {
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
  const mine = field;
  const worker = new Worker(new URL('puzzle_worker.js', import.meta.url));
  const solved = (answer) => {
    mine.value = answer;
    worker.terminate();
    if (mine === field) goOn();
  };
  worker.addEventListener('message', ({ data }) => solved(data));
  worker.addEventListener('error', () => solved('-')); // the answer says what else can be done
  worker.postMessage({ token: mine.dataset.puzzle, bits: Number(mine.dataset.bits), parts: Number(mine.dataset.parts) });
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
