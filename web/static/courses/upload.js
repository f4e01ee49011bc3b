// Uploads a video in parts; a part that failed is sent again, and after the last one the service joins them.

const form = document.getElementById('upload');
const field = document.getElementById('film');
const wrong = document.getElementById('upload-wrong');
const progress = document.getElementById('upload-progress');
const button = form.querySelector('button');
const part = Number(form.dataset.part);
const TRIES = 6;

const pause = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });

async function send(file, upload, number, count) {
  const body = new FormData();
  body.append('form', form.dataset.token);
  body.append('upload', upload);
  body.append('number', number);
  body.append('of', count);
  body.append('file', file.slice(number * part, (number + 1) * part), 'part');
  const response = await fetch(form.dataset.action, { method: 'POST', body });
  if (response.ok) return;
  const reply = await response.json().catch(() => ({}));
  throw Object.assign(new Error(reply.message || '上传中断，请重试。'), { final: response.status < 500 && response.status !== 429 });
}

async function sendPart(file, upload, number, count) {
  for (let tries = 1; ; tries += 1) {
    try { await send(file, upload, number, count); return; } catch (problem) {
      if (problem.final || tries === TRIES) throw problem;
      await pause(1000 * 2 ** tries);
    }
  }
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const [file] = field.files;
  if (!file) return;
  const count = Math.max(1, Math.ceil(file.size / part));
  const upload = crypto.randomUUID();
  wrong.hidden = true;
  progress.hidden = false;
  button.disabled = true;
  try {
    for (let number = 0; number < count; number += 1) {
      await sendPart(file, upload, number, count);
      progress.value = ((number + 1) * 100) / count;
    }
    location.assign(form.dataset.done);
  } catch (problem) {
    wrong.textContent = problem.message;
    wrong.hidden = false;
    progress.hidden = true;
    button.disabled = false;
  }
});
