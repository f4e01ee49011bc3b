// What a draw record's check is built of: digests as in docs/algorithms/draw.md, and reading JSON that somebody else wrote.
const TAG = 'pbt-draw-v1';
const encoder = new TextEncoder();
export const bytes = (text) => encoder.encode(text);
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
export const unhex = (digits) => Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** Something doesn't fit; `code` names its sentence, `facts` fill it. */
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

/** Each part led by its length as 8 bytes, big-endian. */
function fields(parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + 8 + part.length, 0));
  let at = 0;
  for (const part of parts) {
    new DataView(out.buffer).setBigUint64(at, BigInt(part.length));
    out.set(part, at + 8);
    at += 8 + part.length;
  }
  return out;
}

/** SHA-256 over tag, sub-tag and inputs (bytes), as hex. */
export async function digest(subTag, ...inputs) {
  return hex(await crypto.subtle.digest('SHA-256', fields([bytes(TAG), bytes(subTag), ...inputs])));
}

/** Leaves (hex) by HMAC-SHA-256 of tag, `order`, condition, tier and leaf under the seed (hex). */
export async function drawnOrder(seed, no, tier, leaves) {
  const key = await crypto.subtle.importKey('raw', unhex(seed), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const before = [bytes(TAG), bytes('order'), bytes(String(no)), bytes(tier)];
  const keyed = await Promise.all(leaves.map(async (leaf) => [hex(await crypto.subtle.sign('HMAC', key, fields([...before, unhex(leaf)]))), leaf]));
  return keyed.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, leaf]) => leaf);
}

/** The text of an entry that is hashed: keys sorted, no blanks. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
}

// -- reading -----------------------------------------------------------------------------------------------------

/**
 * Parses a record. Throws SyntaxError for what is no JSON, for a key that stands twice in an object (two readers would see
 * two records), and for a number that isn't whole and short: JavaScript can't tell 1.0 from 1.
 */
export function parse(text) {
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

export const own = (object, key) => (Object.hasOwn(object, key) ? object[key] : undefined);

export function object(value, what) {
  check(value !== null && typeof value === 'object' && !Array.isArray(value), 'shape', { what });
  return value;
}

export function array(entry, key) {
  const value = own(entry, key);
  check(Array.isArray(value), 'shape', { what: key });
  return value;
}

/** Text that can be written as UTF-8: JSON may hold halves of characters. */
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

/** Lower-case hex only, so that no digest has two spellings. */
export function digits(value, size, what) {
  check(typeof value === 'string' && value.length === 2 * size && /^[0-9a-f]*$/.test(value), 'shape', { what });
  return value;
}

export const hexOf = (entry, key, size) => digits(own(entry, key), size, key);

const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?Z$/;

/** Microseconds since 1970, as a BigInt. */
export function moment(value) {
  const found = TIME.exec(value);
  check(found, 'time');
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number);
  const at = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const same = at.getUTCMonth() === month - 1 && at.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  check(same && year >= 2000 && year < 9000, 'time');
  return BigInt(at.getTime()) * 1000n + BigInt((found[7] ?? '').padEnd(6, '0'));
}

/** Whether an object has exactly these keys. */
export const hasKeys = (value, names) => Object.keys(value).length === names.length && names.every((name) => Object.hasOwn(value, name));
