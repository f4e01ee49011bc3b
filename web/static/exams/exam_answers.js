// The answers of one attempt on this device: kept in the browser first, then sent. An answer leaves the queue only when
// the service has acknowledged it. The protocol stands in docs/algorithms/exam.md.

const FLUSH_AFTER = 3000;
const FLUSH_AT = 5;
const SILENT = 60000;
const BATCH = 200;
const BATCH_BYTES = 180000;
const PAUSE_MAX = 30000;

/** SHA-256, in hex, of [[slot, mask, text], …] by slot, as the service computes it; '' where the browser has none. */
export async function digest(answers) {
  if (!crypto.subtle) return '';
  const rows = given(answers).map((one) => [one.slot, one.mask, one.text]);
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(rows)));
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What was answered, by slot: [{slot, mask, text}]. */
export const given = (answers) => [...answers]
  .filter(([, one]) => one.mask || one.text.trim())
  .sort(([a], [b]) => a - b)
  .map(([slot, one]) => ({ slot, mask: one.mask, text: one.text }));

/** The service's time, by the reply that took the shortest way; the phone's own clock is never asked. */
export class Clock {
  constructor() { this.forget(); }

  /** After the page was hidden: its timer may have stood still. The old offset serves until the next reply. */
  forget() { this.shortest = Infinity; }

  learn(now, sent, received) {
    if (received - sent >= this.shortest) return;
    this.shortest = received - sent;
    this.offset = Date.parse(now) - (sent + received) / 2;
  }

  now() { return performance.now() + (this.offset ?? 0); }
}

/** Without control characters and halves of characters, which the service takes in no text: Word's line breaks are such. */
export const clean = (text) => text.replace(/[\p{Cc}\p{Cs}]/gu, (one) => ('\n\t'.includes(one) ? one : ' '));

/** As many of the events as one request takes: a long text is sent alone rather than refused. */
function batch(events) {
  let bytes = 0;
  const end = events.slice(0, BATCH).findIndex((one) => (bytes += 200 + 3 * one.text.length) > BATCH_BYTES);
  return events.slice(0, end < 0 ? BATCH : Math.max(1, end));
}

const read = (key) => {
  try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
};

const write = (key, value) => {
  try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* storage is full or shut: the page holds it */ }
};

/** Which number the service gave this browser for a candidate's attempt; 0: none yet. */
export const deviceOf = (candidate) => Number(read(`exam-device.${candidate}`)) || 0;
export const keepDevice = (candidate, device) => write(`exam-device.${candidate}`, device);

export class Answers {
  /** `changed` is called whenever something can be shown anew; `replied` gets every reply of the service. */
  constructor(client, clock, paper, { changed, replied }) {
    this.client = client;
    this.clock = clock;
    this.attempt = paper.attempt_id;
    this.ticket = paper.ticket;
    this.device = paper.device;
    this.key = `exam.${paper.attempt_id}`;
    this.changed = changed;
    this.replied = replied;
    this.answers = new Map(paper.answers.map((one) => [one.slot, { mask: one.mask, text: one.text }]));
    this.failures = 0;
    this.lost = false;
    this.savedAt = paper.ack ? clock.now() : null;
    const kept = read(this.key);
    const own = kept && kept.device === paper.device;
    this.former = kept && !own && kept.queue.length ? kept : null;
    this.queue = own ? kept.queue.filter((one) => one.seq > paper.ack) : [];
    this.seq = Math.max(paper.ack, own ? kept.seq : 0);
    this.unsure = new Set(kept ? kept.unsure : []);
    this.leaves = Math.max(paper.leaves, own ? kept.leaves : 0);
    this.hidden = own ? kept.hidden : 0;
    for (const { slot, mask, text, at } of this.queue) this.answers.set(slot, { mask, text, at });
    this.sent = this.seq;
    this.keep();
    this.later(this.queue.length ? 0 : SILENT);
  }

  get(slot) { return this.answers.get(slot) ?? { mask: 0, text: '' }; }
  isGiven(slot) { const one = this.get(slot); return Boolean(one.mask || one.text.trim()); }
  isSaved(slot) { return !this.queue.some((one) => one.slot === slot); }
  get unsent() { return new Set(this.queue.map((one) => one.slot)).size; }

  /** A change of the slot that was changed last replaces it, unless that may be on its way already. */
  set(slot, mask, text = '', made = this.clock.now()) {
    const one = { slot, mask, text, at: new Date(made).toISOString() };
    this.answers.set(slot, one);
    const last = this.queue.at(-1);
    if (last?.slot === slot && last.seq > this.sent) this.queue[this.queue.length - 1] = { ...one, seq: last.seq };
    else this.queue.push({ ...one, seq: this.seq += 1 });
    this.keep();
    this.changed();
    if (!this.failures) this.later(this.queue.length >= FLUSH_AT ? 0 : FLUSH_AFTER);
  }

  mark(slot, unsure) {
    if (unsure) this.unsure.add(slot); else this.unsure.delete(slot);
    this.keep();
    this.changed();
  }

  keep() {
    const { device, seq, queue, leaves, hidden } = this;
    write(this.key, { device, seq, queue, leaves, hidden, unsure: [...this.unsure] });
  }

  /** Nothing of this attempt is needed any more. */
  forget() { this.stop(); localStorage.removeItem(this.key); }

  /** The time is over. What could not be sent stays in the browser, for an answer file. */
  end() { if (this.queue.length) this.stop(); else this.forget(); }
  stop() { clearTimeout(this.timer); this.stopped = true; }

  later(pause) {
    clearTimeout(this.timer);
    if (!this.stopped) this.timer = setTimeout(() => this.flush(), pause);
  }

  /** Answers that this browser could not send under an earlier device number: they fill slots that the newer one left empty. */
  async sendFormer() {
    const { device } = this.former;
    for (let { queue } = this.former, part; queue.length; queue = queue.slice(part.length)) {
      part = batch(queue);
      await this.post(device, part);
    }
    this.former = null;
  }

  /** Send what waits; a sign of life when nothing does. Returns whether everything is stored. */
  async flush() {
    if (this.stopped) return false;
    if (this.sending) return this.sending;
    this.sending = this.send();
    try { return await this.sending; } finally { this.sending = null; }
  }

  async send() {
    clearTimeout(this.timer);
    try {
      do {
        const part = batch(this.queue);
        this.sent = Math.max(this.sent, part.at(-1)?.seq ?? 0);
        const reply = await this.post(this.device, part);
        this.queue = this.queue.filter((one) => one.seq > reply.ack);
        if (this.queue.length && this.queue[0].seq !== reply.ack + 1) this.renumber(reply.ack);
        this.failures = 0;
        this.lost = false;
        this.savedAt = this.clock.now();
        this.keep();
        this.replied(reply);
      } while (this.queue.length && !this.stopped);
      this.later(SILENT);
    } catch (error) {
      if (error.status && error.status < 500 && error.status !== 429) this.replied({ refused: error });
      this.failures += 1;
      this.lost = true;
      const pause = Math.min(PAUSE_MAX, 1000 * 2 ** (this.failures - 1));
      this.later(Math.max(1000 * (error.params?.retry_after ?? 0), pause / 2 + Math.random() * (pause / 2)));
    }
    this.changed();
    return this.queue.length === 0;
  }

  /** The browser lost part of its numbers: what waits follows what the service has. */
  renumber(ack) {
    this.queue = this.queue.map((one, at) => ({ ...one, seq: ack + 1 + at }));
    this.seq = ack + this.queue.length;
    this.sent = ack;
  }

  async post(device, events) {
    const sent = performance.now();
    const body = { ticket: this.ticket, device, events, leaves: this.leaves, hidden_seconds: Math.round(this.hidden) };
    const reply = await this.client.open('POST', `/exam-attempts/${this.attempt}/answers`, body);
    this.clock.learn(reply.now, sent, performance.now());
    return reply;
  }

  /** Hand in. Where the service lacks something it asks for the whole map once. */
  async submit() {
    await Promise.race([this.flush(), new Promise((done) => { setTimeout(done, 8000); })]);
    const path = `/exam-attempts/${this.attempt}/submission`;
    const body = { ticket: this.ticket, device: this.device, digest: await digest(this.answers) };
    const whole = { ...body, answers: [...this.answers].map(([slot, { mask, text, at }]) => ({ slot, mask, text, at })) };
    try {
      return await this.client.open('POST', path, body.digest ? body : whole);
    } catch (error) {
      if (error.code !== 'answers_differ') throw error;
      return this.client.open('POST', path, whole);
    }
  }
}
