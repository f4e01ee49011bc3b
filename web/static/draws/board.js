// Fills the board from the service's live events.
import { renew } from '../core/renewal.js';

const board = document.querySelector('.board');
const connection = board.querySelector('[data-connection]');
const again = board.querySelector('[data-again]');
let source, waiting, pause = 30;

function show(facts) {
  if ('follow' in board.dataset && board.dataset.state !== facts.state) renew();  // the possible actions have changed
  for (const [name, value] of Object.entries(facts)) {
    const place = board.querySelector(`[data-fact="${name}"]`);
    if (!place || place.textContent === String(value)) continue;
    place.textContent = value === '' ? '—' : value;
    if (name.startsWith('roll-')) animateNumber(place, name, value);
  }
  if (facts['roll-state'] && !board.querySelector('.rolls')) renew();
  const bar = board.querySelector('progress');
  bar.max = Math.max(facts.planned, 1);
  bar.value = facts.accepted;
  board.dataset.state = facts.state;
  board.querySelector('[data-fact="label"]').className = `tag big ${facts.state}`;
}

/** Animates one of the three numbers into its place. */
function animateNumber(place, name, value) {
  place.classList.remove('settle');
  void place.offsetWidth;
  place.classList.add('settle');
  const shown = value === '等待' ? 'waiting' : value === '已锁定' ? 'locked' : 'open';
  if (place.parentElement.dataset.role) place.parentElement.className = shown;
  if (name === 'roll-seed') place.closest('.rolls').dataset.seeded = shown === 'open' ? 'yes' : 'no';
}

function connect() {
  clearTimeout(waiting);
  again.hidden = true;
  source = new EventSource(board.dataset.events);
  source.addEventListener('progress', (event) => { connection.textContent = ''; show(JSON.parse(event.data)); });
  source.addEventListener('over', () => source.close());
  source.addEventListener('elsewhere', pauseUpdates);
  source.addEventListener('error', () => { connection.textContent = '连接中断，正在重新连接…'; });
}

// The service closes the oldest of too many connections: reconnects later, or when a person presses the button.
function pauseUpdates() {
  source.close();
  connection.textContent = '同时打开的屏幕太多，本屏已暂停更新。';
  again.hidden = false;
  waiting = setTimeout(connect, pause * 1000 * (1 + Math.random()));
  pause = Math.min(pause * 2, 300);
}

again.addEventListener('click', connect);
connect();
