// The phone's part in fixing the order: makes 128 random bits, commits to them, and reveals them.
// docs/algorithms/draw.md defines the bytes.
const TAG = 'pbt-draw-v1';
const text = (value) => new TextEncoder().encode(value);
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const unhex = (digits) => Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16));

/** The length in 8 bytes, big-endian, then the bytes. */
function field(bytes) {
  const out = new Uint8Array(8 + bytes.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(bytes.length));
  out.set(bytes, 8);
  return out;
}

/** SHA-256 that binds `value` (16 bytes) to draw, round and role; hex. */
export async function commitment(role, value, drawNumber, round) {
  const parts = [TAG, 'participant', drawNumber, String(round), role].map(text).concat([value]).map(field);
  const message = new Uint8Array(await new Blob(parts).arrayBuffer());
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', message)));
}

/** Data of one round on one phone: its bits until they are revealed, and its receipts permanently. */
export class Device {
  constructor(api, role, drawNumber, round) {
    this.api = api;
    this.role = role;
    this.drawNumber = drawNumber;
    this.round = round;
    this.shelf = `bits/${drawNumber}/${round}/${role}`;
  }

  /** Hex of the bits that this phone committed to; null if another phone did. */
  get bits() { return this.api.recall(this.shelf); }

  /** Makes bits unless there are some, stores them, and returns the commitment to them. */
  async commit() {
    const bits = this.bits ?? hex(crypto.getRandomValues(new Uint8Array(16)));
    this.api.keep(this.shelf, bits);
    return commitment(this.role, unhex(bits), this.drawNumber, this.round);
  }

  /** Deletes the bits: once revealed they are public. */
  forget() { this.api.keep(this.shelf, undefined); }

  keepReceipt(head) {
    const storedReceipts = receipts(this.api, this.drawNumber);
    if (storedReceipts.some((receipt) => receipt.head === head)) return;
    this.api.keep(`receipts/${this.drawNumber}`, [...storedReceipts, { role: this.role, round: this.round, head }]);
  }
}

/** This browser's storage for the draw with that id; the number of a draw may occur in several pools. */
export const shelfOf = (id) => ({
  recall: (name) => JSON.parse(localStorage.getItem(`pbt/${id}/${name}`)),
  keep: (name, value) => (value === undefined
    ? localStorage.removeItem(`pbt/${id}/${name}`)
    : localStorage.setItem(`pbt/${id}/${name}`, JSON.stringify(value))),
});

/** The receipts of a draw: [{role, round, head}]; the published record must contain each head. */
export const receipts = (api, drawNumber) => api.recall(`receipts/${drawNumber}`) ?? [];
