// The other side of a trial paper (试答): it answers as the service does, but keeps nothing. Each call reaches the service,
// so that the page shows a lost network as it would in an examination.
import { Problem } from '../core/client.js';

const LENGTH = 10 * 60000;
const GRACE = 60000;

/** The service's time. Throws a Problem where it can't be reached. */
export async function reach() {
  const reply = await fetch(import.meta.url, { method: 'HEAD', cache: 'no-store' }).catch(() => null);
  if (!reply?.ok) throw new Problem(reply?.status ?? 0, { detail: '网络不通，请检查网络后重试。' });
  return new Date(reply.headers.get('Date') ?? Date.now()).toISOString();
}

const later = (moment, milliseconds) => new Date(Date.parse(moment) + milliseconds).toISOString();

const item = (slot, kind, stem, options = []) => ({ slot, kind, stem, options, mark: 200, case: '', pictures: [] });

const QUESTIONS = [
  item(0, 'single', '试答题不计分。请选“我看得清”。', ['我看得清', '字太小，看不清']),
  item(1, 'multiple', '这是多选题，可以选几项。请选前两项。', ['能选中', '能再选一项', '不选这一项']),
  item(2, 'true_false', '判断题：开始后计时不停，退出、断线也继续计时。', ['对', '错']),
  item(3, 'single', '可以点“不确定，稍后再看”，再点“答题卡”回到这一题。', ['知道了', '再看一遍']),
  item(4, 'short', '简答题请打字作答，也可以用输入法的语音转文字。请随便写一句话。'),
];

export class TrialClient {
  constructor(candidate) {
    this.attempt = `trial.${candidate}`;
    this.ack = 0;
  }

  async json() {
    const now = await reach();
    localStorage.removeItem(`exam.${this.attempt}`);
    this.deadline = later(now, LENGTH);
    return {
      ...this.state(now), attempt_id: this.attempt, holder: '不计成绩', ticket: 'trial', questions: QUESTIONS, answers: [], leaves: 0, leave_warn: 3,
    };
  }

  async open(_method, _path, body) {
    const now = await reach();
    this.ack = body.events?.at(-1)?.seq ?? this.ack;
    return this.state(now);
  }

  state(now) {
    return { now, ack: this.ack, state: 'running', device: 1, deadline: this.deadline, grace_until: later(this.deadline, GRACE) };
  }
}
