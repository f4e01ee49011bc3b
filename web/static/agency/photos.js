// A file field for a stamped paper: several photos that are chosen together become one PDF before they are sent.
import { isPicture } from '../applications/pictures.js';
import { bindPhotos } from '../applications/photo_pdf.js';

const binding = new Map(); // form: the PDF in the making

function enhance(input) {
  input.multiple = true;
  const status = Object.assign(document.createElement('p'), { className: 'small' });
  status.setAttribute('role', 'status');
  input.after(status);
  input.addEventListener('change', async () => {
    const photos = [...input.files];
    status.textContent = '';
    if (photos.length < 2) return;
    if (!photos.every(isPicture)) return clear(input, status, '一次选一个文件；要选多个的，请都选照片，会合成一个PDF。');
    status.textContent = `正在把${photos.length}张照片合成一个PDF……`;
    const work = bindPhotos(photos, input.dataset.photos, Number(input.dataset.most)).catch(() => null);
    binding.set(input.form, work);
    const file = await work;
    if (binding.get(input.form) === work) binding.delete(input.form);
    if (!file) return clear(input, status, '有的照片打不开，请换成JPG照片，或截图后再选。');
    const carrier = new DataTransfer();
    carrier.items.add(file);
    input.files = carrier.files;
    status.textContent = `已把${photos.length}张照片合成一个PDF。`;
  });
}

function clear(input, status, text) {
  input.value = '';
  status.textContent = text;
}

// What is sent meanwhile waits for the PDF.
document.addEventListener('submit', async (event) => {
  const work = binding.get(event.target);
  if (!work) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  await work;
  setTimeout(() => event.target.requestSubmit(event.submitter));  // the field gets the file first
}, { capture: true });

if (globalThis.DataTransfer) for (const input of document.querySelectorAll('input[type=file][data-photos]')) enhance(input);
