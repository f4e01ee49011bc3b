// What was on a record's lots before, as its first entry tells: the rules of verify_draw.py, see docs/algorithms/draw.md.
import { array, canonical, check, digits, hasKeys, hexOf, moment, object, string, text, whole } from './record_bytes.js';

const KINDS = ['normal', 'redraw', 'recall'];
const EARLIER = ['number', 'head', 'lots', 'seeds', 'withheld', 'given_up', 'panel'];
const PANEL_ENDS = ['met', 'not_met', 'released', 'terminated'];
const SECOND = 1_000_000n;
const CLOCK_SLACK = 60n * SECOND;
const DAY = 24n * 3600n * SECOND;

/** The first entry of the record `draw`, read at `now`: which activities were on its lots, and which of them it follows. */
export class History {
  constructor(entry, draw, now) {
    [this.kind, this.original, this.draw, this.now] = [text(entry, 'kind'), text(entry, 'original'), draw, now];
    this.lots = readMarks(entry, 'lots');
    this.elsewhere = whole(entry, 'elsewhere');
    check(KINDS.includes(this.kind) && this.lots.length > 0 && this.elsewhere >= 0, 'shape', { what: 'history' });
    this.earlier = new Map();
    for (const item of array(entry, 'earlier')) {
      const facts = this.read(object(item, 'earlier'));
      const { number } = facts;
      check(!this.earlier.has(number) && number !== draw, 'history', { number });
      this.earlier.set(number, facts);
    }
    this.checkFollows();
  }

  get isRecall() { return this.kind === 'recall'; }

  read(facts) {
    check(hasKeys(facts, EARLIER), 'shape', { what: 'earlier' });
    const [number, head, lots] = [text(facts, 'number'), text(facts, 'head'), readMarks(facts, 'lots')];
    const times = [...this.readTimes(facts, 'seeds'), ...this.readTimes(facts, 'withheld')];
    const [givenUp, panel] = [whole(facts, 'given_up'), text(facts, 'panel')];
    const hadRecord = head !== '' && hexOf(facts, 'head', 32) !== '';
    const fits = number !== '' && lots.length > 0 && lots.every((lot) => this.lots.includes(lot)) && givenUp >= 0
      && PANEL_ENDS.includes(panel) && (hadRecord || (!times.length && givenUp === 0));
    check(fits, 'history', { number });
    return facts;
  }

  /** Rising, and before this entry. */
  readTimes(facts, key) {
    const times = array(facts, key).map((item) => string(item, key)).map(moment);
    const fits = times.every((at, place) => at <= this.now + CLOCK_SLACK && (!place || times[place - 1] <= at));
    check(fits, 'history', { number: text(facts, 'number') });
    return times;
  }

  on(lot) { return [...this.earlier.values()].filter(({ lots }) => lots.includes(lot)); }

  /** A lot whose order was known gets another only by a redraw of what was last on it, or by a recall. */
  checkFollows() {
    check((this.original !== '') === (this.kind !== 'normal') && this.original !== this.draw, 'follows_nothing');
    for (const lot of this.lots) {
      const activities = this.on(lot);
      const newest = activities.map(({ seeds }) => seeds.length > 0).lastIndexOf(true);
      const numbers = activities.slice(newest).map(({ number }) => number);
      check(newest < 0 || numbers.includes(this.original), 'follows', { numbers: numbers.join('、') });
    }
    check(!this.isRecall || this.earlier.get(this.original)?.panel === 'met', 'follows_unmet', { original: this.original });
  }

  /** Numbers of the activities whose order was known, and whose panel never met. */
  unused() {
    return [...this.earlier.values()].filter(({ seeds, panel }) => seeds.length && ['terminated', 'not_met'].includes(panel)).map(({ number }) => number);
  }

  /** Orders that were known within a day before the first round, on the lot with the most. */
  checkLotOrders(limit, now) {
    for (const lot of this.lots) {
      const count = this.on(lot).flatMap(({ seeds, withheld }) => [...seeds, ...withheld]).filter((at) => moment(at) > now - DAY).length;
      check(count < limit, 'lot_orders', { count, limit });
    }
  }

  /** The activities before the draw `until` that were on one of `lots`, with the lots that they share, as text to compare. */
  shared(lots, until = '') {
    const activities = [];
    for (const facts of this.earlier.values()) {
      if (facts.number === until) break;
      const both = facts.lots.filter((lot) => lots.includes(lot));
      if (both.length) activities.push({ ...facts, lots: both });
    }
    return canonical(activities);
  }
}

/** Marks of lots, rising. */
function readMarks(facts, key) {
  const marks = array(facts, key).map((mark) => digits(mark, 32, key));
  check(marks.every((mark, place) => !place || marks[place - 1] < mark), 'shape', { what: key });
  return marks;
}
