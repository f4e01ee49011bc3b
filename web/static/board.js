// Fills the board with what the service tells as it happens.
const board = document.querySelector('.board');
const connection = board.querySelector('[data-connection]');
const source = new EventSource(board.dataset.events);

function show(facts) {
  for (const [name, value] of Object.entries(facts)) {
    const place = board.querySelector(`[data-fact="${name}"]`);
    if (place && place.textContent !== String(value)) place.textContent = value === '' ? '—' : value;
  }
  const bar = board.querySelector('progress');
  bar.max = Math.max(facts.planned, 1);
  bar.value = facts.accepted;
  board.dataset.state = facts.state;
  board.querySelector('[data-fact="label"]').className = `tag big ${facts.state}`;
}

source.addEventListener('progress', (event) => { connection.textContent = ''; show(JSON.parse(event.data)); });
source.addEventListener('over', () => source.close());
source.addEventListener('error', () => { connection.textContent = '连接中断，正在重新连接…'; });
