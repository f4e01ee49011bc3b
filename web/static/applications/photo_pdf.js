// Photos of the pages of a signed paper become one PDF in the browser: a page for each, upright, fitted into A4.
import { toJpeg } from './pictures.js';

const SHORT = 595, LONG = 842;  // points of A4
const SIDE = 2200;  // pixels of a page's longer side, enough to read and to print
/** Of a file's limit, for what a PDF holds beside its pictures. */
const OVERHEAD = 1000;

/** The PDF of these photos, of at most `most` bytes, or null if the browser can't decode one of them. */
export async function bindPhotos(photos, name, most) {
  const pages = [];
  for (const photo of photos) {
    const page = await toJpeg(photo, Math.floor(most / photos.length) - OVERHEAD, SIDE);
    if (!page) return null;
    pages.push({ bytes: new Uint8Array(await page.file.arrayBuffer()), width: page.width, height: page.height });
  }
  return new File([pdfOf(pages)], `${name.replace(/\.[^.]*$/, '')}.pdf`, { type: 'application/pdf' });
}

/** Whether photos for this field become one PDF: it takes PDFs and no photos. */
export const isBound = ({ types }) => types.includes('pdf') && !types.includes('jpg');

/** A PDF file with a page for each JPEG; the objects are the catalogue, the list of pages, and three for each page. */
function pdfOf(pages) {
  const parts = [];
  const places = [];
  let length = 0;
  const write = (part) => { parts.push(part); length += part.length; };
  const object = (dictionary, stream) => {
    places.push(length);
    write(`${places.length} 0 obj\n<<${dictionary}>>\n`);
    if (stream) { write('stream\n'); write(stream); write('\nendstream\n'); }
    write('endobj\n');
  };
  const numbers = pages.map((_, at) => 3 + 3 * at);
  write('%PDF-1.4\n');
  object('/Type/Catalog/Pages 2 0 R');
  object(`/Type/Pages/Kids[${numbers.map((number) => `${number} 0 R`).join(' ')}]/Count ${pages.length}`);
  pages.forEach(({ bytes, width, height }, at) => {
    const [across, down] = width > height ? [LONG, SHORT] : [SHORT, LONG];
    const scale = Math.min(across / width, down / height);
    const [wide, high] = [width * scale, height * scale].map((points) => Number(points.toFixed(2)));
    const drawing = `q ${wide} 0 0 ${high} ${((across - wide) / 2).toFixed(2)} ${((down - high) / 2).toFixed(2)} cm /Photo Do Q`;
    const number = numbers[at];
    object(`/Type/Page/Parent 2 0 R/MediaBox[0 0 ${across} ${down}]/Contents ${number + 1} 0 R/Resources<</XObject<</Photo ${number + 2} 0 R>>>>`);
    object(`/Length ${drawing.length}`, drawing);
    const colours = '/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode';
    object(`/Type/XObject/Subtype/Image/Width ${width}/Height ${height}${colours}/Length ${bytes.length}`, bytes);
  });
  const table = length;
  const lines = places.map((place) => `${String(place).padStart(10, '0')} 00000 n \n`);
  write(`xref\n0 ${places.length + 1}\n0000000000 65535 f \n${lines.join('')}trailer\n<</Size ${places.length + 1}/Root 1 0 R>>\nstartxref\n${table}\n%%EOF\n`);
  return new Blob(parts);
}
