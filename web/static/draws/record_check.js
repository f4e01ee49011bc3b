// The check of a published draw record, entry by entry: the same rules as the program verify_draw.py, for a browser.
// docs/algorithms/draw.md gives the reason of each rule. Leaves, digests and values are hex here.
import {
  Problem, array, bytes, canonical, check, digest, digits, drawnOrder, giveWay, hasHalves, hasKeys, hexOf, moment, object, overdue, own, string, text,
  unhex, whole,
} from './record_bytes.js';
import { History } from './record_history.js';

const FORMAT = 'pbt-draw-record-v1';
const PARTS = ['format', 'pool', 'draw', 'head', 'lists', 'log'];
const ROLES = ['agency', 'supervisor'];
const TIERS = ['main', 'alternative'];
const SKIP_REASONS = ['leave', 'overlap', 'called_before', 'inactive', 'unreachable', 'left_pool', 'recused_late', 'term_over', 'over_age'];
const SOURCES = ['register', 'none'];
const CONDITION_TEXTS = ['mode', 'specialty', 'gathering', 'alternative', 'title_level', 'qualification', 'department'];
const CONDITION_FACTS = [...CONDITION_TEXTS, 'no', 'planned', 'regions', 'notice'];
const LIMITS = ['lead', 'start_within', 'aborts', 'widenings', 'lot_orders'];
const CHAINED = ['seq', 'at', 'act', 'prev', 'hash'];
const ANSWERS = { comes: 'accepted', declines: 'declined', silent: 'silent', hindered: 'hindered' };
/** Whose word an answer of a recalled expert is. What a party says about another person counts for nothing by itself. */
const ANSWER_SOURCES = { comes: ['expert'], declines: ['expert', 'call'], silent: ['system'], hindered: ['system'] };
const STATED = ['', 'comes', 'declines'];
/** What may have become of an expert of a recalled panel who is not recalled once more. */
const LOST = ['absent', 'cancelled', 'declined', 'hindered', 'left', 'recalled', 'recused', 'released', 'silent'];
const ACTS = {
  history: ['kind', 'original', 'lots', 'earlier', 'elsewhere'],
  recalled: ['panel', 'lead', 'lost'],
  confirmed: ['condition', 'leaf', 'answer', 'gathering', 'source', 'stated'],
  round_opened: ['round', 'reason', 'cause', 'limits', 'roles', 'conditions', 'supervisors'],
  system_committed: ['round', 'commitment'],
  recusals_committed: ['round', 'root'],
  lists_frozen: ['round', 'lists'],
  participant_committed: ['round', 'role', 'commitment'],
  participant_revealed: ['round', 'role', 'value'],
  seed_fixed: ['round', 'secret', 'seed'],
  round_aborted: ['round', 'reason', 'missing'],
  gathering_moved: ['notice', 'old', 'new'],
  need: ['condition', 'needed'],
  called: ['condition', 'tier', 'leaf'],
  skipped: ['condition', 'tier', 'leaf', 'reason', 'fact'],
  outcome: ['condition', 'leaf', 'outcome', 'by', 'confirmed_by'],
  exhausted: ['condition', 'tier'],
  paused: ['reason'],
  resumed: [],
  force_ended: ['reason'],
  completed: [],
  short: ['reason'],
  terminated: ['by', 'reason'],
  ended: ['panel'],
};
const PARTIES = ['expert', 'agency', 'venue', 'verifier', 'supervisor', 'system'];
const TERMINATION_REASONS = ['project_stopped', 'replanned', 'no_experts', 'mistaken', 'other'];
const OWN_ACTS = { accepted: ['expert'], declined: ['expert'], undone: ['expert'], silent: ['system'] };
/** Roles whose confirmation an outcome needs when another person than the expert caused it. */
const CONFIRMERS = { left: ['expert'], recused: ['verifier', 'supervisor'] };
const OUTCOMES = {
  recalled: ['cancelled'],
  open: ['accepted', 'declined', 'silent', 'cancelled'],
  accepted: ['undone', 'left', 'absent', 'recused', 'released', 'cancelled'],
};
/** Phases in which an acceptance may be undone; once the places are recorded as full it is a leave. */
const UNDONE_IN = ['calling', 'paused', 'ending'];
const WITHHELD_MAX = 2;
const SECOND = 1_000_000n;
const CLOCK_SLACK = 60n * SECOND;
const LONG = 10 ** 7;

/**
 * All findings: warnings, and the first error, as {severity, code, entry, facts}; `entry` is the seq of the
 * entry, null for the whole record. An empty list means that the record is correct. `receipts` are hashes of entries.
 *
 * Beside `findings`: the `seeds`, the `history` of the lots that the first entry tells (null without one), the `panel` that is recalled, and the
 * numbers of experts whom earlier recalls `lost`, by outcome.
 */
export async function verify(record, receipts = []) {
  const { walk, findings } = await walked(record, receipts);
  return { findings, seeds: walk?.seeds ?? [], history: walk?.past ?? null, panel: walk?.panel ?? new Map(), lost: walk?.lost ?? {} };
}

/**
 * Whether the records of earlier activities on the lots are those of which the verified record's first entry tells; for a recall its panel.
 * A warning names those that are missing. Of a record that is wrong itself only its error is told.
 */
export async function compare(verified, originals) {
  const wrong = verified.findings.filter(({ severity }) => severity === 'error');
  if (wrong.length) return wrong;
  const given = [];
  try {
    for (const original of originals) given.push(await readOriginal(verified, original));
  } catch (error) {
    return [finding(error, 'error', null)];
  }
  const missing = [...verified.history?.earlier.values() ?? []].filter(({ number, head }) => head && !given.includes(number));
  const numbers = missing.map(({ number }) => number).join('、');
  return numbers ? [finding(new Problem('original_missing', { numbers }), 'warning', null)] : [];
}

/** The number of the earlier activity. */
async function readOriginal({ history, panel, lost }, original) {
  const walk = new Walk(object(original, 'record'));
  await walk.begin();
  const wrong = (await walk.run([])).some((fault) => fault.severity === 'error');
  const { name: number } = walk;
  check(!wrong, 'original_wrong', { number });
  check(history?.earlier.has(number), 'original', { number });
  check(canonical(walk.asEarlier(history.lots)) === canonical(history.earlier.get(number)), 'original_changed', { number });
  const [before, all] = [walk.past?.shared(history.lots) ?? '[]', history.shared(walk.past?.lots ?? [], number)];
  check(before === all, 'original_history', { number });
  if (panel.size && history.original === number) {
    check(samePlaces(panel, walk.tookPart()), 'original_panel');
    check(canonical(lost) === canonical(walk.lostAtEnd()), 'original_lost', { number });
  }
  return number;
}

/** The walk at the end of the record; null if the record can't be read. */
async function walked(record, receipts) {
  let walk;
  try {
    walk = new Walk(object(record, 'record'));
    await walk.begin();
  } catch (error) {
    return { walk: null, findings: [finding(error, 'error', null)] };
  }
  return { walk, findings: await walk.run(receipts) };
}

/** `panel`: condition by leaf; `places`: [condition, leaf] of each. */
const samePlaces = (panel, places) => panel.size === places.length && places.every(([no, leaf]) => panel.get(leaf) === no);

function finding(error, severity, entry) {
  if (!(error instanceof Problem)) throw error;
  return { severity, code: error.code, entry, facts: error.facts };
}

const number = (value) => bytes(String(value));
const sameKeys = (map, names) => map.size === names.size && [...names].every((name) => map.has(name));

/** State of one condition after the entries so far: the last state of each call, and how far each order was walked. */
class Condition {
  constructor(facts, orders, old) {
    this.facts = facts;
    this.planned = facts ? whole(facts, 'planned') : 0;
    this.orders = orders;
    this.walked = new Map([...orders.keys()].map((tier) => [tier, new Set()]));
    this.exhausted = new Set();
    this.needRecorded = false;
    this.needed = old?.needed ?? null;
    this.states = old?.states ?? new Map();
    this.agreed = old?.agreed ?? new Map();
    this.counts = old?.counts ?? new Map();
  }

  put(leaf, state) {
    const before = this.states.get(leaf);
    if (before !== undefined) this.counts.set(before, this.held(before) - 1);
    this.states.set(leaf, state);
    this.counts.set(state, this.held(state) + 1);
  }

  held(state) { return this.counts.get(state) ?? 0; }
  get taken() { return this.held('open') + this.held('accepted'); }
  get missing() { return (this.needed ?? 0) - this.taken; }
  get spent() { return this.orders.size === this.exhausted.size; }
}

class Walk {
  constructor(record) {
    check(own(record, 'format') === FORMAT, 'format', { format: FORMAT });
    check(hasKeys(record, PARTS), 'parts');
    this.name = text(record, 'draw');
    this.draw = bytes(this.name);
    this.pool = bytes(text(record, 'pool'));
    this.log = array(record, 'log');
    this.head = text(record, 'head');
    this.lists = new Map(Object.entries(object(own(record, 'lists'), 'lists')).map(([key, value]) => [key, readList(key, value)]));
    Object.assign(this, {
      frozen: new Set(), unchecked: false, findings: [], phase: 'setup', round: null, lastRound: null, lastAborted: false,
      aborts: 0, withheld: 0, seeds: [], seededAt: null, gatherings: new Map(), conditions: new Map(), seq: 0, at: null, past: null,
      times: { seeds: [], withheld: [] }, panelEnd: '', panel: new Map(), lost: {},
    });
  }

  async begin() { this.genesis = await digest('genesis', this.pool, this.draw); }

  async run(receipts) {
    const hashes = new Set();
    let prev = this.genesis;
    try {
      for (const item of this.log) {
        this.seq += 1;
        const entry = object(item, 'entry');
        prev = await this.checkChain(entry, prev);
        hashes.add(prev);
        await this.checkEntry(entry);
        if (overdue()) await giveWay();
      }
    } catch (error) {
      return [...this.findings, finding(error, 'error', this.seq)];
    }
    if (this.head !== prev) this.tell('error', 'head', null);
    for (const key of [...this.lists.keys()].sort()) if (!this.frozen.has(key)) this.tell('error', 'list_extra', null, { key });
    this.checkListsPublished();
    for (const receipt of receipts) if (!hashes.has(receipt.trim().toLowerCase())) this.tell('error', 'receipt', null, { receipt });
    return this.findings;
  }

  tell(severity, code, entry, facts = {}) { this.findings.push({ severity, code, entry, facts }); }
  warn(code, facts = {}) { this.tell('warning', code, this.seq, facts); }

  checkListsPublished() {
    if (this.phase === 'ended') {
      for (const key of [...this.frozen].sort()) if (!this.lists.has(key)) this.tell('error', 'list_missing', null, { key });
    } else if (this.unchecked) this.tell('warning', 'order_unchecked', null);
  }

  async checkChain(entry, prev) {
    check(whole(entry, 'seq') === this.seq && own(entry, 'prev') === prev, 'chain_gap');
    const { hash, ...body } = entry;
    const written = canonical(body);
    check(!hasHalves(written), 'shape', { what: 'entry' });
    const real = await digest('entry', unhex(prev), bytes(written));
    check(hash === real, 'chain_hash');
    return real;
  }

  async checkEntry(entry) {
    const act = text(entry, 'act');
    check(own(ACTS, act) && hasKeys(entry, [...ACTS[act], ...CHAINED]), 'act', { act });
    check((act === 'history') === (this.seq === 1), 'history_first');
    check(this.phase !== 'ended', 'after_end');
    this.checkTime(text(entry, 'at'));
    await this[act](entry);
  }

  checkTime(written) {
    const at = moment(written);
    if (this.at !== null && at < this.at - CLOCK_SLACK) this.warn('clock');
    this.at = this.at === null || at > this.at ? at : this.at;
  }

  /** Condition and leaf of each expert who has a place now. */
  tookPart() {
    return [...this.conditions].flatMap(([no, condition]) => [...condition.states].filter(([, state]) => state === 'accepted').map(([leaf]) => [no, leaf]));
  }

  /**
   * Numbers of experts of the panel that was drawn whom a recall of this activity's panel can't ask, by what became of them; none where this activity
   * drew the panel itself.
   */
  lostAtEnd() {
    if (!this.past?.isRecall) return {};
    const lost = { ...this.lost };
    for (const condition of this.conditions.values()) {
      for (const [state, count] of condition.counts) if (state !== 'accepted' && count > 0) lost[state] = (lost[state] ?? 0) + count;
    }
    return lost;
  }

  /** This draw, as the first entry of a later one on `lots` should tell of it. */
  asEarlier(lots) {
    const shared = (this.past?.lots ?? []).filter((lot) => lots.includes(lot));
    return { number: this.name, head: this.head, lots: shared, ...this.times, given_up: this.aborts, panel: this.panelEnd };
  }

  history(entry) {
    this.past = new History(entry, this.name, this.at);
    const unused = this.past.unused();
    if (unused.length) this.warn('order_unused', { numbers: unused.join('、') });
    this.phase = this.past.isRecall ? 'recall' : 'setup';
  }

  // Acts of a recall

  recalled(entry) {
    check(this.phase === 'recall' && !this.panel.size, 'recalled');
    for (const item of array(entry, 'panel')) {
      const seat = object(item, 'panel');
      check(hasKeys(seat, ['condition', 'leaf']), 'shape', { what: 'panel' });
      const [no, leaf] = [whole(seat, 'condition'), hexOf(seat, 'leaf', 32)];
      check(no >= 1 && !this.panel.has(leaf), 'recalled');
      this.panel.set(leaf, no);
      if (!this.conditions.has(no)) this.conditions.set(no, new Condition(null, new Map()));
      const condition = this.conditions.get(no);
      condition.planned += 1;
      condition.needed = condition.planned;
      condition.put(leaf, 'recalled');
    }
    this.agreementLead = whole(entry, 'lead');
    check(this.panel.size > 0 && this.agreementLead >= 0 && this.agreementLead <= LONG, 'recalled');
    this.lost = readLost(entry);
  }

  confirmed(entry) {
    const [no, leaf] = [whole(entry, 'condition'), hexOf(entry, 'leaf', 32)];
    const [answer, gathering] = [text(entry, 'answer'), text(entry, 'gathering')];
    const waits = this.phase === 'recall' && this.panel.get(leaf) === no && this.conditions.get(no).states.get(leaf) === 'recalled';
    check(waits && own(ANSWERS, answer) !== undefined && (gathering !== '') === (answer === 'comes'), 'confirmed');
    this.checkSource(answer, text(entry, 'source'), text(entry, 'stated'));
    const condition = this.conditions.get(no);
    condition.put(leaf, ANSWERS[answer]);
    if (!gathering) return;
    condition.agreed.set(leaf, moment(gathering));
    const latest = condition.agreed.get(leaf) - BigInt(this.agreementLead) * SECOND + CLOCK_SLACK;
    check(this.at <= latest, 'agreed_late', { lead: Math.floor(this.agreementLead / 60) });
  }

  /** Nobody speaks for another person; what the agency said is shown where it is not what came true. */
  checkSource(answer, source, stated) {
    check(ANSWER_SOURCES[answer].includes(source) && STATED.includes(stated), 'answer_source', { answer, source });
    if (stated !== '' && stated !== answer) this.warn('stated', { stated, answer });
  }

  checkAllConfirmed() {
    const waiting = [...this.conditions.values()].some((condition) => condition.held('recalled'));
    check(this.panel.size > 0 && !waiting, 'not_all_confirmed');
  }

  // Acts that fix the order

  round_opened(entry) {
    check(!this.past.isRecall, 'recall');
    const [no, facts] = [whole(entry, 'round'), readConditions(entry)];
    check(this.round === null, 'round_open');
    const expected = this.lastRound ? this.lastRound.number + 1 : 1;
    check(no === expected, 'round_gap', { expected, number: no });
    const roles = array(entry, 'roles').map((role) => string(role, 'roles'));
    check(roles.length > 0 && roles.every((role) => ROLES.includes(role)) && new Set(roles).size === roles.length, 'roles');
    const limits = readLimits(entry);
    check(this.withheld < WITHHELD_MAX, 'round_withheld', { count: this.withheld });
    check(this.aborts < limits.aborts, 'round_aborts', { count: this.aborts, limit: limits.aborts });
    if (roles.length < ROLES.length) this.warn('one_role');
    if (this.lastRound && LIMITS.some((key) => this.lastRound.limits[key] !== limits[key])) this.warn('limits_changed');
    if (this.conditions.size) this.checkFurther(entry, facts, limits.widenings);
    else {
      this.checkFirst(entry, facts);
      this.past.checkLotOrders(limits.lot_orders, this.at);
    }
    this.checkSupervisors(object(own(entry, 'supervisors'), 'supervisors'), roles);
    for (const fact of facts.values()) {
      const [notice, at] = [whole(fact, 'notice'), moment(text(fact, 'gathering'))];
      if (!this.gatherings.has(notice)) this.gatherings.set(notice, at);
      check(this.gatherings.get(notice) === at, 'gathering', { notice });
    }
    this.round = {
      number: no, roles, facts, limits, commitment: null, recusals: null, roots: new Map(), commitments: new Map(), values: new Map(),
    };
  }

  checkSupervisors(facts, roles) {
    check(hasKeys(facts, ['source', 'count']), 'shape', { what: 'supervisors' });
    const [source, count] = [text(facts, 'source'), whole(facts, 'count')];
    const fits = SOURCES.includes(source) && (count > 0) === (source !== 'none') && (count > 0 || !roles.includes('supervisor'));
    check(fits && count >= 0, 'supervisors', { source, count });
  }

  checkFirst(entry, facts) {
    checkOccasion(entry, this.lastRound ? 'aborted' : 'first', '');
    const before = this.lastRound?.facts ?? facts;
    const changed = [...new Set([...facts.keys(), ...before.keys()])].filter((no) => !same(facts.get(no), before.get(no), []));
    check(!changed.length, 'round_changed', { no: Math.min(...changed) });
  }

  /** A draw has one seed for its life; a further one only when the orders are at their end, and for wider regions. */
  checkFurther(entry, facts, limit) {
    checkOccasion(entry, this.lastAborted ? 'aborted' : 'widened', 'exhausted');
    for (const [no, fresh] of facts) {
      const condition = this.known(no);
      const free = this.phase === 'rest' && !condition.held('open') && condition.taken < condition.planned;
      check(free && condition.spent, 'round_restarted', { no });
      check(same(fresh, condition.facts, ['regions']), 'round_changed', { no });
      const [wide, before] = [readRegions(fresh), readRegions(condition.facts)];
      check(wide.size > before.size && [...before].every((region) => wide.has(region)), 'not_wider', { no });
    }
    const count = this.seeds.length - 1;
    check(count < limit, 'widenings', { count, limit });
  }

  system_committed(entry) {
    const current = this.current(entry);
    check(current.commitment === null, 'system_order');
    current.commitment = hexOf(entry, 'commitment', 32);
  }

  recusals_committed(entry) {
    const current = this.current(entry);
    check(current.commitment !== null && !current.roots.size && current.recusals === null, 'recusals_order');
    current.recusals = hexOf(entry, 'root', 32);
    const before = this.lastRound?.recusals ?? null;
    if (before !== null && before !== current.recusals) this.warn('recusals_changed');
  }

  async lists_frozen(entry) {
    const current = this.current(entry);
    check(current.commitment !== null && !current.roots.size, 'lists_order');
    check(current.recusals !== null, 'recusals_order');
    for (const item of array(entry, 'lists')) {
      const facts = object(item, 'lists');
      const key = `${whole(facts, 'condition')}/${text(facts, 'tier')}`;
      check(Object.keys(facts).length === 4 && !current.roots.has(key), 'list_set');
      hexOf(facts, 'snapshot', 32);
      current.roots.set(key, hexOf(facts, 'root', 32));
    }
    const expected = new Set([...current.facts].flatMap(([no, facts]) => [`${no}/main`, ...(facts.alternative ? [`${no}/alternative`] : [])]));
    check(sameKeys(current.roots, expected), 'list_set');
    for (const key of current.roots.keys()) await this.checkList(key, current);
  }

  async checkList(place, current) {
    const key = `${place}/${current.number}`;
    this.frozen.add(key);
    if (!this.lists.has(key)) return;
    const { blind, leaves } = this.lists.get(key);
    const [no, tier] = place.split('/');
    const root = await digest('list', bytes(no), bytes(tier), unhex(blind), unhex(leaves.join('')));
    check(root === current.roots.get(place), 'list_changed', { key });
  }

  participant_committed(entry) {
    const [current, role] = [this.current(entry), text(entry, 'role')];
    check(current.roots.size && current.roles.includes(role) && !current.commitments.has(role), 'commit_order', { role });
    current.commitments.set(role, hexOf(entry, 'commitment', 32));
  }

  async participant_revealed(entry) {
    const [current, role] = [this.current(entry), text(entry, 'role')];
    const allIn = current.commitments.size === current.roles.length;
    check(allIn && current.roles.includes(role) && !current.values.has(role), 'reveal_order', { role });
    const value = hexOf(entry, 'value', 16);
    const real = await digest('participant', this.draw, number(current.number), bytes(role), unhex(value));
    check(real === current.commitments.get(role), 'reveal', { role });
    current.values.set(role, value);
  }

  async seed_fixed(entry) {
    const [current, secret] = [this.current(entry), hexOf(entry, 'secret', 32)];
    check(current.values.size === current.roles.length, 'seed_order');
    check(await digest('system', this.draw, number(current.number), unhex(secret)) === current.commitment, 'secret');
    const seed = await this.seedOf(current, secret);
    check(seed === hexOf(entry, 'seed', 32), 'seed');
    this.seeds.push({ round: current.number, secret, values: Object.fromEntries(current.values), seed });
    this.seededAt = this.at;
    this.times.seeds.push(text(entry, 'at'));
    for (const [no, facts] of current.facts) await this.setOrders(no, facts, seed, current);
    this.closeRound(false);
  }

  seedOf(current, secret) {
    const inputs = [this.draw, number(current.number), unhex(secret), number(current.roots.size)];
    for (const no of [...current.facts.keys()].sort((first, other) => first - other)) {
      for (const tier of TIERS) {
        const root = current.roots.get(`${no}/${tier}`);
        if (root) inputs.push(number(no), bytes(tier), unhex(root));
      }
    }
    inputs.push(number(current.values.size));
    for (const role of [...current.values.keys()].sort()) inputs.push(bytes(role), unhex(current.values.get(role)));
    return digest('seed', ...inputs);
  }

  async setOrders(no, facts, seed, current) {
    const orders = new Map();
    for (const tier of TIERS) {
      if (!current.roots.has(`${no}/${tier}`)) continue;
      const list = this.lists.get(`${no}/${tier}/${current.number}`);
      orders.set(tier, list ? await drawnOrder(seed, no, tier, list.leaves) : null);
      this.unchecked ||= !list;
    }
    this.conditions.set(no, new Condition(facts, orders, this.conditions.get(no)));
  }

  round_aborted(entry) {
    const current = this.current(entry);
    text(entry, 'reason');
    check(current.values.size < current.roles.length, 'abort_late');
    const late = current.values.size ? current.roles.filter((role) => !current.values.has(role)).sort() : [];
    const named = array(entry, 'missing').map((role) => string(role, 'missing')).sort();
    check(named.join() === late.join() && named.length === late.length, 'abort_missing', { late: late.join(', ') });
    if (late.length) {
      this.withheld += 1;
      this.times.withheld.push(text(entry, 'at'));
      this.warn('abort_after_reveal', { late: late.join(', ') });
    } else {
      this.aborts += 1;
      if (this.aborts > 1) this.warn('abort_again', { count: this.aborts });
    }
    this.closeRound(true);
  }

  closeRound(aborted) { [this.lastRound, this.round, this.lastAborted] = [this.round, null, aborted]; }

  current(entry) {
    const no = whole(entry, 'round');
    check(this.round?.number === no, 'round_closed', { number: no });
    return this.round;
  }

  gathering_moved(entry) {
    const [notice, old, fresh] = [whole(entry, 'notice'), moment(text(entry, 'old')), moment(text(entry, 'new'))];
    check(this.gatherings.get(notice) === old && old !== fresh, 'gathering', { notice });
    this.gatherings.set(notice, fresh);
    for (const condition of this.conditions.values()) {
      if (condition.facts.notice !== notice) continue;
      condition.agreed = new Map([...condition.agreed].map(([leaf, at]) => [leaf, at > fresh ? at : fresh]));
    }
    if (this.seeds.length) this.warn('gathering_moved', { notice });
  }

  // Acts that walk along the order

  need(entry) {
    const [no, needed] = [whole(entry, 'condition'), whole(entry, 'needed')];
    check(!this.past.isRecall, 'recall');
    const condition = this.known(no);
    check(this.round === null, 'round_open');
    check(['setup', 'rest', 'calling'].includes(this.phase), 'phase', { phase: this.phase });
    const least = condition.needed === null ? condition.planned : Math.max(condition.taken, 1);
    check(least <= needed && needed <= condition.planned && !condition.needRecorded, 'need', { no });
    Object.assign(condition, { needed, needRecorded: true });
    this.phase = 'calling';
    this.checkStart();
  }

  /** Checks that the system did not wait: a party that knows the seed could choose a better moment. */
  checkStart() {
    if (this.seededAt !== null && this.lastRound) {
      const limit = BigInt(this.lastRound.limits.start_within) * SECOND;
      const waited = this.at - this.seededAt;
      if (waited > limit + CLOCK_SLACK) this.warn('start_late', { minutes: waited / (60n * SECOND), limit: limit / (60n * SECOND) });
    }
    this.seededAt = null;
  }

  called(entry) {
    const [condition, leaf] = this.step(entry);
    condition.put(leaf, 'open');
    condition.agreed.set(leaf, this.gathering(condition));
  }

  skipped(entry) {
    const reason = text(entry, 'reason');
    check(SKIP_REASONS.includes(reason), 'skip_reason', { reason });
    hexOf(entry, 'fact', 32);
    this.step(entry);
  }

  /** One step along the order, for a call or a skip. */
  step(entry) {
    const [no, tier, leaf] = [whole(entry, 'condition'), text(entry, 'tier'), hexOf(entry, 'leaf', 32)];
    const condition = this.known(no);
    check(this.phase === 'calling', 'phase', { phase: this.phase });
    check(condition.orders.has(tier), 'tier', { no, tier });
    check(tier === 'main' || condition.exhausted.has('main'), 'alternative_early', { no });
    check(condition.missing > 0, 'too_many', { no });
    check(!condition.exhausted.has(tier), 'exhausted_before', { no, tier });
    const [order, walked] = [condition.orders.get(tier), condition.walked.get(tier)];
    if (order && order[walked.size] !== leaf) {
      check(order.includes(leaf), 'unknown_leaf');
      check(!walked.has(leaf), 'called_twice');
      throw new Problem('order', { leaf: order[walked.size].slice(0, 12) });
    }
    check(!walked.has(leaf) && !condition.states.has(leaf), 'called_twice');
    walked.add(leaf);
    return [condition, leaf];
  }

  outcome(entry) {
    const [condition, leaf, outcome] = [this.known(whole(entry, 'condition')), hexOf(entry, 'leaf', 32), text(entry, 'outcome')];
    const state = condition.states.get(leaf);
    check(state !== undefined, 'not_called');
    check((own(OUTCOMES, state) ?? []).includes(outcome), 'outcome', { outcome, state });
    check(this.phase !== 'terminating' || outcome === 'cancelled', 'terminating');
    const by = party(entry, 'by', own(OWN_ACTS, outcome) ?? PARTIES);
    const confirmed = party(entry, 'confirmed_by', ['', ...PARTIES]);
    if (outcome === 'absent') check(this.at >= condition.agreed.get(leaf) - CLOCK_SLACK, 'absent_early');
    if (outcome === 'cancelled' && state === 'accepted') check(this.phase === 'terminating', 'cancelled_early');
    else if (outcome === 'undone') check(UNDONE_IN.includes(this.phase), 'undone_late');
    else if (state === 'accepted') this.checkDiscard(outcome, by, confirmed);
    condition.put(leaf, outcome === 'undone' ? 'open' : outcome);
  }

  /** Checks the removal of an expert who had accepted. */
  checkDiscard(outcome, by, confirmed) {
    const needed = own(CONFIRMERS, outcome) ?? [];
    const facts = { outcome, by, confirmed: confirmed || 'nobody' };
    const fits = (by === 'expert' && outcome === 'left') || !needed.length || needed.includes(confirmed);
    check(fits, 'discard_unconfirmed', { ...facts, needed: needed.join(' or ') });
    if (by !== 'expert') this.warn('discard', facts);
  }

  exhausted(entry) {
    const [no, tier] = [whole(entry, 'condition'), text(entry, 'tier')];
    const condition = this.known(no);
    check(condition.orders.has(tier), 'tier', { no, tier });
    check(!condition.exhausted.has(tier), 'exhausted_before', { no, tier });
    const order = condition.orders.get(tier);
    check(!order || condition.walked.get(tier).size === order.length, 'exhausted', { no, tier });
    condition.exhausted.add(tier);
  }

  paused(entry) {
    text(entry, 'reason');
    this.move(['calling'], 'paused');
  }

  resumed() { this.move(['paused'], 'calling'); }

  force_ended(entry) {
    text(entry, 'reason');
    this.move(['calling', 'paused'], 'ending');
  }

  completed() {
    if (this.phase === 'recall') this.checkAllConfirmed();
    check([...this.conditions.values()].every((condition) => condition.needed !== null && condition.missing === 0 && !condition.held('open')), 'not_full');
    this.rest();
  }

  short(entry) {
    const reason = text(entry, 'reason');
    if (this.phase === 'recall') this.checkAllConfirmed();
    const all = [...this.conditions.values()];
    const lacking = all.filter((condition) => condition.missing > 0);
    check(lacking.length > 0 && all.every((condition) => !condition.held('open')), 'not_short');
    check(this.bearsOut(reason, lacking), 'short_reason', { reason });
    this.rest();
  }

  bearsOut(reason, lacking) {
    if (this.phase === 'recall' || reason === 'declined') return this.phase === 'recall' && reason === 'declined';
    const borneOut = {
      exhausted: lacking.every((condition) => condition.spent),
      force_ended: this.phase === 'ending',
      too_late: lacking.every((condition) => condition.spent || this.tooLate(condition)),
    };
    return own(borneOut, reason);
  }

  /** Whether the gathering is nearer than the lead, so that no one may be called any more. */
  tooLate(condition) { return this.at >= this.gathering(condition) - BigInt(this.lastRound?.limits.lead ?? 0) * SECOND; }

  gathering(condition) { return this.gatherings.get(whole(condition.facts, 'notice')); }

  terminated(entry) {
    const [by, reason] = [party(entry, 'by', PARTIES), text(entry, 'reason')];
    check(TERMINATION_REASONS.includes(reason), 'termination_reason', { reason });
    check(this.round === null, 'round_open');
    check(this.phase !== 'terminating', 'phase', { phase: this.phase });
    const agreed = [...this.conditions.values()].reduce((sum, condition) => sum + condition.held('accepted'), 0);
    if (this.seeds.length) this.warn('terminated', { by, reason, agreed });
    this.phase = 'terminating';
  }

  ended(entry) {
    const unsettled = this.phase === 'terminating' ? ['open', 'accepted'] : ['open'];
    const left = [...this.conditions.values()].some((condition) => unsettled.some((state) => condition.held(state)));
    check(this.round === null && !left, 'not_settled');
    this.panelEnd = text(entry, 'panel');
    this.checkPanelEnd(this.panelEnd);
    if (this.seededAt !== null) this.warn('seed_unused');
    this.move(['setup', 'recall', 'rest', 'terminating'], 'ended');
  }

  /** Only people saw whether a panel met; that nobody was there to meet, or all were released, the log shows. */
  checkPanelEnd(panel) {
    const count = (state) => [...this.conditions.values()].reduce((sum, condition) => sum + condition.held(state), 0);
    const [accepted, released] = [count('accepted'), count('released')];
    const borneOut = new Map([
      ['met', accepted > 0],
      ['not_met', accepted > 0 || released === 0],
      ['released', accepted === 0 && released > 0],
      ['terminated', this.phase === 'terminating'],
    ]).get(panel) ?? false;
    check(borneOut && (panel === 'terminated') === (this.phase === 'terminating'), 'panel_end', { panel, accepted, released });
  }

  rest() {
    this.move(['calling', 'paused', 'ending', 'recall'], 'rest');
    for (const condition of this.conditions.values()) condition.needRecorded = false;
  }

  move(allowed, phase) {
    check(allowed.includes(this.phase), 'phase', { phase: this.phase });
    this.phase = phase;
  }

  known(no) {
    check(this.conditions.has(no), 'no_seed', { no });
    return this.conditions.get(no);
  }
}

function readConditions(entry) {
  const conditions = new Map();
  for (const item of array(entry, 'conditions')) {
    const facts = object(item, 'conditions');
    const { emergency = 'only', ...always } = facts;
    check(hasKeys(always, CONDITION_FACTS) && emergency === 'only', 'shape', { what: 'conditions' });
    const no = whole(facts, 'no');
    check(no >= 1 && !conditions.has(no) && whole(facts, 'planned') >= 1, 'shape', { what: 'conditions' });
    for (const key of CONDITION_TEXTS) text(facts, key);
    readRegions(facts);
    conditions.set(no, facts);
  }
  check(conditions.size > 0, 'shape', { what: 'conditions' });
  return conditions;
}

const readRegions = (facts) => new Set(array(facts, 'regions').map((region) => string(region, 'regions')));

function checkOccasion(entry, reason, cause) {
  check(text(entry, 'reason') === reason, 'round_reason', { expected: reason });
  check(text(entry, 'cause') === cause, 'round_cause', { expected: cause || 'empty' });
}

/** Whether two conditions are the same; ignores `gathering`, which its own acts change, and the keys in `free`. */
function same(condition, other, free) {
  if (!condition || !other) return false;
  return [...CONDITION_FACTS, 'emergency'].every((key) => key === 'gathering' || free.includes(key) || canonical(condition[key]) === canonical(other[key]));
}

function readLimits(entry) {
  const facts = object(own(entry, 'limits'), 'limits');
  check(hasKeys(facts, LIMITS), 'shape', { what: 'limits' });
  check(LIMITS.map((key) => whole(facts, key)).every((limit) => limit >= 0 && limit <= LONG), 'shape', { what: 'limits' });
  return facts;
}

/** Numbers of experts by outcome, rising. */
function readLost(entry) {
  const lost = {};
  let last = '';
  for (const item of array(entry, 'lost')) {
    const facts = object(item, 'lost');
    check(hasKeys(facts, ['outcome', 'count']), 'shape', { what: 'lost' });
    const [outcome, count] = [text(facts, 'outcome'), whole(facts, 'count')];
    check(LOST.includes(outcome) && outcome > last && count > 0 && count <= LONG, 'shape', { what: 'lost' });
    [lost[outcome], last] = [count, outcome];
  }
  return lost;
}

/** Blind and leaves of a published list. */
function readList(key, value) {
  const facts = object(value, key);
  check(hasKeys(facts, ['blind', 'leaves']), 'shape', { what: key });
  const leaves = array(facts, 'leaves').map((leaf) => digits(leaf, 32, key));
  check(leaves.every((leaf, at) => !at || leaves[at - 1] < leaf), 'list_order', { key });
  return { blind: hexOf(facts, 'blind', 32), leaves };
}

function party(entry, key, allowed) {
  const name = text(entry, key);
  check(allowed.includes(name), 'party', { party: name });
  return name;
}
