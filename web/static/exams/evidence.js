// Handing in an answer file: fills in the unsent answers of this browser; a saved file can be chosen instead.
import { forget, findUnsent, writeFile } from './answer_file.js';

for (const form of document.querySelectorAll('[data-answer-file]')) {
  const { answerFile: attempt, key } = form.dataset;
  const box = form.elements.code;
  const queueHint = form.querySelector('[data-found]');
  const left = findUnsent(attempt);
  if (left && !box.value) {
    writeFile(key, attempt, left).then((code) => {
      box.value = code;
      queueHint.textContent = `已找到本机没有上传的${new Set(left.queue.map((event) => event.slot)).size}题作答，填写情况说明后提交。`;
      queueHint.hidden = false;
      form.closest('details').open = true;
    });
  }
  form.querySelector('[type=file]').addEventListener('change', async (event) => {
    const [file] = event.target.files;
    if (file) box.value = (await file.text()).slice(0, 200000);
  });
}
for (const mark of document.querySelectorAll('[data-handed-in]')) forget(mark.dataset.handedIn);
