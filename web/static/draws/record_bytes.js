// Building blocks of a draw record's check: digests as in docs/algorithms/draw.md, and parsing of untrusted JSON.
const TAG = 'pbt-draw-v1';
/** Number of HMACs that run at the same time. */
const AT_ONCE = 500;
const encoder = new TextEncoder();
export const bytes = (text) => encoder.encode(text);
const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hex(buffer) {
  let out = '';
  for (const byte of new Uint8Array(buffer)) out += PAIRS[byte];
  return out;
}

const digit = (code) => (code < 58 ? code - 48 : code - 87);

/** Bytes of lower-case hex digits, which the caller has checked. */
export function unhex(digits) {
  const out = new Uint8Array(digits.length / 2);
  for (let at = 0; at < out.length; at += 1) out[at] = digit(digits.charCodeAt(2 * at)) * 16 + digit(digits.charCodeAt(2 * at + 1));
  return out;
}

const TURN = 30;
let turn = 0;

/** Whether a long check should let the page respond again: every 30 milliseconds. */
export const overdue = () => performance.now() - turn > TURN;

export async function giveWay() {
  await new Promise((done) => { setTimeout(done); });
  turn = performance.now();
}

/** An error in the record; `code` names its sentence, `facts` are its values. */
export class Problem extends Error {
  constructor(code, facts = {}) {
    super(code);
    this.code = code;
    this.facts = facts;
  }
}

export function check(fits, code, facts) {
  if (!fits) throw new Problem(code, facts);
}

// -- digests -----------------------------------------------------------------------------------------------------

/** Each part, preceded by its length as 8 bytes, big-endian. */
function fields(parts) {
  let size = 0;
  for (const part of parts) size += 8 + part.length;
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    for (let place = at + 7, rest = part.length; rest; place -= 1, rest >>>= 8) out[place] = rest; // parts are shorter than four gigabytes
    out.set(part, at + 8);
    at += 8 + part.length;
  }
  return out;
}

const TAGGED = bytes(TAG);

/** SHA-256 over tag, sub-tag and inputs (bytes), as hex. */
export async function digest(subTag, ...inputs) {
  return hex(await crypto.subtle.digest('SHA-256', fields([TAGGED, bytes(subTag), ...inputs])));
}

/** Leaves (hex) by HMAC-SHA-256 of tag, `order`, condition, tier and leaf under the seed (hex). */
export async function drawnOrder(seed, no, tier, leaves) {
  const key = await crypto.subtle.importKey('raw', unhex(seed), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const before = [TAGGED, bytes('order'), bytes(String(no)), bytes(tier)];
  const sign = async (leaf) => [hex(await crypto.subtle.sign('HMAC', key, fields([...before, unhex(leaf)]))), leaf];
  const keyed = [];
  for (let at = 0; at < leaves.length; at += AT_ONCE) {
    keyed.push(...await Promise.all(leaves.slice(at, at + AT_ONCE).map(sign)));
    if (overdue()) await giveWay();
  }
  return keyed.sort(([leafKey], [other]) => (leafKey < other ? -1 : 1)).map(([, leaf]) => leaf);
}

const HALVES = /[\ud800-\udfff]/;

/** The text of an entry over which its hash is computed: keys sorted by code point, no blanks. */
export function canonical(value) {
  const text = written(value);
  return HALVES.test(text) ? written(value, byCodePoint) : text;
}

/** JavaScript sorts by UTF-16 units, which differs from code points for characters beyond U+FFFF only. */
function written(value, order) {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  let [out, gap] = ['', ''];
  if (Array.isArray(value)) {
    for (const item of value) [out, gap] = [out + gap + written(item, order), ','];
    return `[${out}]`;
  }
  for (const key of Object.keys(value).sort(order)) [out, gap] = [`${out}${gap}${JSON.stringify(key)}:${written(value[key], order)}`, ','];
  return `{${out}}`;
}

/** Whether a canonical text contains a lone surrogate, which UTF-8 can't encode: JSON.stringify writes it as an escape. */
export const hasHalves = (text) => text.includes('\\ud') && /\\ud[89a-f]/.test(text.replace(/\\\\/g, ''));

function byCodePoint(first, other) {
  const [left, right] = [[...first], [...other]];
  const at = left.findIndex((letter, place) => letter !== right[place]);
  if (at < 0) return left.length - right.length;
  return at < right.length ? left[at].codePointAt(0) - right[at].codePointAt(0) : 1;
}

// -- reading -----------------------------------------------------------------------------------------------------

/**
 * Parses a record. Throws SyntaxError for text that is no JSON, for a key that occurs twice in an object (readers could choose
 * different values), and for a number that isn't a short integer: JavaScript can't tell 1.0 from 1.
 */
export function parse(text) {
  try {
    return parseShallow(text);
  } catch (error) {
    if (error instanceof RangeError) throw new SyntaxError('nested too deep');
    throw error;
  }
}

/** Parses the bytes of a file, which must be UTF-8. */
export function parseFile(buffer) {
  try {
    return parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(buffer));
  } catch (error) {
    if (error instanceof TypeError) throw new SyntaxError('not UTF-8');
    throw error;
  }
}

function parseShallow(text) {
  const value = JSON.parse(text);
  const bare = text.replace(/"(?:[^"\\]|\\.)*"/g, '');
  if ((bare.match(/:/g) ?? []).length !== countKeys(value)) throw new SyntaxError('a key stands twice in one object');
  if ((bare.match(/-?\d[\d.eE+-]*/g) ?? []).some((number) => !/^(0|-?[1-9]\d{0,14})$/.test(number))) throw new SyntaxError('a number is not whole');
  return value;
}

function countKeys(value) {
  if (value === null || typeof value !== 'object') return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum, item) => sum + countKeys(item), own);
}

const has = (object, key) => Object.prototype.hasOwnProperty.call(object, key); // WeChat's older browsers lack Object.hasOwn
export const own = (object, key) => (has(object, key) ? object[key] : undefined);

export function object(value, what) {
  check(value !== null && typeof value === 'object' && !Array.isArray(value), 'shape', { what });
  return value;
}

export function array(entry, key) {
  const value = own(entry, key);
  check(Array.isArray(value), 'shape', { what: key });
  return value;
}

/** Text that can be encoded as UTF-8: JSON may contain lone surrogates. */
export function string(value, what) {
  check(typeof value === 'string' && !/\p{Surrogate}/u.test(value), 'shape', { what });
  return value;
}

export const text = (entry, key) => string(own(entry, key), key);

export function whole(entry, key) {
  const value = own(entry, key);
  check(Number.isSafeInteger(value), 'shape', { what: key });
  return value;
}

/** Lower-case hex only, so that a digest has one spelling. */
export function digits(value, size, what) {
  check(typeof value === 'string' && value.length === 2 * size && /^[0-9a-f]*$/.test(value), 'shape', { what });
  return value;
}

export const hexOf = (entry, key, size) => digits(own(entry, key), size, key);

const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6})Z$/;

/** Microseconds since 1970, as a BigInt. */
export function moment(value) {
  const match = TIME.exec(value);
  check(match, 'time');
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const at = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const same = at.getUTCMonth() === month - 1 && at.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  check(same && year >= 2000 && year < 9000, 'time'); // Date reads 30 February as 1 March
  return BigInt(at.getTime()) * 1000n + BigInt(match[7]);
}

/** Whether an object has exactly these keys. */
export const hasKeys = (value, names) => Object.keys(value).length === names.length && names.every((name) => has(value, name));
