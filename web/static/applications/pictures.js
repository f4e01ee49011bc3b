// Photos as the service accepts them: a photo that is too large, or a HEIC, becomes a JPEG in the browser.
const SIDE = 3200;  // pixels, enough to read a certificate
const QUALITIES = [0.88, 0.75, 0.6];
const HEIC = /\.(heic|heif)$/i;

export const isHeic = (file) => /^image\/hei[cf]/.test(file.type) || HEIC.test(file.name);
export const isPicture = (file) => /^image\//.test(file.type) || HEIC.test(file.name);

/** The file, or a JPEG in its place if it is larger than the field permits, or a HEIC that this browser can decode. The JPEG is
 *  upright, by the camera's orientation. A file that the browser can't decode is returned as it is: the service checks it. */
export async function fit(file, field) {
  if (!isPicture(file) || !field.types.includes('jpg')) return file;
  if (file.size <= field.size_max && !isHeic(file)) return file;
  return (await toJpeg(file, field.size_max))?.file ?? file;
}

/** {file, width, height}: the picture as an upright JPEG of at most `most` bytes, its longer side at most `longest` pixels; null for one
 *  that this browser can't decode. */
export async function toJpeg(file, most, longest = SIDE) {
  const picture = await read(file);
  if (!picture) return null;
  try {
    return await shrink(picture, file.name, most, longest);
  } finally {
    picture.close?.();
  }
}

/** Null for an image that this browser can't decode. */
async function read(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    return load(file);
  }
}

/** For older browsers, which apply the orientation to an <img> only. */
async function load(file) {
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    return image;
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function shrink(picture, name, most, longest) {
  const [width, height] = [picture.naturalWidth || picture.width, picture.naturalHeight || picture.height];
  for (let side = Math.min(longest, Math.max(width, height)); ; side = Math.round(side * 0.7)) {
    const canvas = draw(picture, width, height, side / Math.max(width, height));
    for (const quality of QUALITIES) {
      const blob = await new Promise((done) => { canvas.toBlob(done, 'image/jpeg', quality); });
      if (blob.size > most && side >= 200) continue;
      const jpeg = new File([blob], `${name.replace(/\.[^.]*$/, '')}.jpg`, { type: 'image/jpeg' });
      return { file: jpeg, width: canvas.width, height: canvas.height };
    }
  }
}

function draw(picture, width, height, scale) {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff';  // behind transparent parts of a PNG
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}
