// The answers of one attempt on this device: stored in the browser first, then sent. An answer leaves the queue only when
// the service has acknowledged it. docs/algorithms/exam.md describes the protocol.

const FLUSH_AFTER = 3000;
const FLUSH_AT = 5;
const SILENT = 60000;
const BATCH = 200;
const BATCH_BYTES = 180000;
const PAUSE_MAX = 30000;

/** SHA-256, in hex, of [[slot, mask, text], …] by slot, as the service computes it; '' where the browser can't hash. */
export async function digest(answers) {
  if (!crypto.subtle) return '';
  const rows = given(answers).map((answer) => [answer.slot, answer.mask, answer.text]);
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(rows)));
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The answers that are not empty, by slot: [{slot, mask, text}]. */
export const given = (answers) => [...answers]
  .filter(([, answer]) => answer.mask || answer.text.trim())
  .sort(([a], [b]) => a - b)
  .map(([slot, answer]) => ({ slot, mask: answer.mask, text: answer.text }));

/** The service's time, by the reply with the shortest round trip; the phone's own clock is never used. */
export class Clock {
  constructor() { this.forget(); }

  /** Called after the page was hidden: its timer may have stopped. The old offset is used until the next reply. */
  forget() { this.shortest = Infinity; }

  learn(now, sent, received) {
    if (received - sent >= this.shortest) return;
    this.shortest = received - sent;
    this.offset = Date.parse(now) - (sent + received) / 2;
  }

  now() { return performance.now() + (this.offset ?? 0); }
}

/** Removes control characters (Word's line breaks are such) and lone surrogates, which the service refuses in texts. */
export const clean = (text) => text.replace(/[\p{Cc}\p{Cs}]/gu, (character) => ('\n\t'.includes(character) ? character : ' '));

/** The first events that fit into one request; a single long text always fits. */
function batch(events) {
  let bytes = 0;
  const end = events.slice(0, BATCH).findIndex((event) => (bytes += 200 + 3 * event.text.length) > BATCH_BYTES);
  return events.slice(0, end < 0 ? BATCH : Math.max(1, end));
}

const read = (key) => {
  try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
};

const write = (key, value) => {
  try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* storage is full or disabled: the page keeps the value */ }
};

/** The device number that the service gave this browser for a candidate's attempt, with the ticket that proves it; 0: none yet. */
export const deviceOf = (candidate) => {
  const known = read(`exam-device.${candidate}`);
  return known?.ticket ? known : { device: 0, ticket: '' };
};
export const keepDevice = (candidate, { device, ticket }) => write(`exam-device.${candidate}`, { device, ticket });

export class Answers {
  /** `changed` is called after each change that the page shows; `replied` receives every reply of the service. */
  constructor(client, clock, paper, { changed, replied }) {
    this.client = client;
    this.clock = clock;
    this.attempt = paper.attempt_id;
    this.ticket = paper.ticket;
    this.device = paper.device;
    this.key = `exam.${paper.attempt_id}`;
    this.changed = changed;
    this.replied = replied;
    this.answers = new Map(paper.answers.map((answer) => [answer.slot, { mask: answer.mask, text: answer.text }]));
    this.failures = 0;
    this.lost = false;
    this.full = '';
    this.savedAt = paper.ack ? clock.now() : null;
    const stored = read(this.key);
    const own = stored && stored.device === paper.device;
    this.former = stored && !own && stored.queue.length ? stored : null;
    this.queue = own ? stored.queue.filter((event) => event.seq > paper.ack) : [];
    this.seq = Math.max(paper.ack, own ? stored.seq : 0);
    this.unsure = new Set(stored ? stored.unsure : []);
    this.leaves = Math.max(paper.leaves, own ? stored.leaves : 0);
    this.hidden = own ? stored.hidden : 0;
    for (const { slot, mask, text, at } of this.queue) this.answers.set(slot, { mask, text, at });
    this.sent = this.seq;
    this.keep();
    this.later(this.queue.length ? 0 : SILENT);
  }

  get(slot) { return this.answers.get(slot) ?? { mask: 0, text: '' }; }
  isGiven(slot) { const answer = this.get(slot); return Boolean(answer.mask || answer.text.trim()); }
  isSaved(slot) { return !this.queue.some((event) => event.slot === slot); }
  get unsent() { return new Set(this.queue.map((event) => event.slot)).size; }

  /** A second change of the same slot replaces the last event, unless that was already sent. */
  set(slot, mask, text = '', made = this.clock.now()) {
    const answer = { slot, mask, text, at: new Date(made).toISOString() };
    this.answers.set(slot, answer);
    const last = this.queue.at(-1);
    if (last?.slot === slot && last.seq > this.sent) this.queue[this.queue.length - 1] = { ...answer, seq: last.seq };
    else this.queue.push({ ...answer, seq: this.seq += 1 });
    this.keep();
    this.changed();
    if (!this.failures && !this.full) this.later(this.queue.length >= FLUSH_AT ? 0 : FLUSH_AFTER);
  }

  mark(slot, unsure) {
    if (unsure) this.unsure.add(slot); else this.unsure.delete(slot);
    this.keep();
    this.changed();
  }

  keep() {
    const { device, ticket, seq, queue, leaves, hidden } = this;
    write(this.key, { device, ticket, seq, queue, leaves, hidden, unsure: [...this.unsure] });
  }

  /** Deletes all stored data of this attempt. */
  forget() { this.stop(); localStorage.removeItem(this.key); }

  /** Called when the time is over. Unsent answers stay in the browser, for an answer file. */
  end() { if (this.queue.length) this.stop(); else this.forget(); }
  stop() { clearTimeout(this.timer); this.stopped = true; }

  later(pause) {
    clearTimeout(this.timer);
    if (!this.stopped) this.timer = setTimeout(() => this.flush(), pause);
  }

  /**
   * Sends answers that this browser made under an earlier device number: they fill slots that the newer one left empty. A
   * refusal stops no one: the page then shows what the service has.
   */
  async sendFormer() {
    const { device, ticket } = this.former;
    try {
      for (let { queue } = this.former, part; queue.length; queue = queue.slice(part.length)) {
        part = batch(queue);
        await this.post(part, device, ticket);
      }
    } catch (error) {
      if (!error.status || error.status >= 500 || error.status === 429) throw error;
    }
    this.former = null;
  }

  /** Sends the queue, or an empty request to stay online. Returns whether the service has stored everything. */
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
        const part = this.full ? [] : batch(this.queue);
        this.sent = Math.max(this.sent, part.at(-1)?.seq ?? 0);
        const reply = await this.post(part);
        this.queue = this.queue.filter((event) => event.seq > reply.ack);
        if (this.queue.length && this.queue[0].seq !== reply.ack + 1) this.renumber(reply.ack);
        this.failures = 0;
        this.lost = false;
        this.savedAt = this.clock.now();
        this.keep();
        this.replied(reply);
      } while (this.queue.length && !this.full && !this.stopped);
      this.later(SILENT);
    } catch (error) {
      if (error.code === 'answers_full') return this.holdBack(error.message);
      if (error.status && error.status < 500 && error.status !== 429) this.replied({ refused: error });
      this.failures += 1;
      this.lost = true;
      const pause = Math.min(PAUSE_MAX, 1000 * 2 ** (this.failures - 1));
      this.later(Math.max(1000 * (error.params?.retry_after ?? 0), pause / 2 + Math.random() * (pause / 2)));
    }
    this.changed();
    return this.queue.length === 0;
  }

  /** The service takes no more changes: the page goes on, and all of it is sent when the paper is handed in. */
  holdBack(message) {
    this.full = message;
    this.later(SILENT);
    this.changed();
    return false;
  }

  /** Called when the browser lost some of its numbers: numbers the queue after the service's last one. */
  renumber(ack) {
    this.queue = this.queue.map((event, at) => ({ ...event, seq: ack + 1 + at }));
    this.seq = ack + this.queue.length;
    this.sent = ack;
  }

  async post(events, device = this.device, ticket = this.ticket) {
    const sent = performance.now();
    const body = { ticket, device, events, leaves: this.leaves, hidden_seconds: Math.round(this.hidden) };
    const reply = await this.client.open('POST', `/exam-attempts/${this.attempt}/answers`, body);
    this.clock.learn(reply.now, sent, performance.now());
    return reply;
  }

  /** Hands in. If the service's digest differs, it asks once for all answers. */
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
