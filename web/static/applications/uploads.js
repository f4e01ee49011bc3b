// The uploads of a page that are under way. While there are any, the browser asks before it leaves the page, and the next step waits.
const jobs = new Set();

export const uploads = {
  /** Functions that upload what was chosen and not sent yet; each returns whether it was stored. */
  waiting: new Set(),
  /** Number of files under way. */
  files: 0,
  failures: 0,
  get active() { return jobs.size + this.waiting.size > 0; },

  /** Counts an upload of `count` files; `work()` returns whether all were stored. */
  run(count, work) {
    this.files += count;
    const job = work().then((stored) => { if (!stored) this.failures += 1; }).finally(() => {
      jobs.delete(job);
      this.files -= count;
    });
    jobs.add(job);
    return job;
  },

  /** Sends what waits, and resolves to whether all that is under way was stored. `progress(files)` is called while there are any. */
  async finish(progress) {
    for (const send of [...this.waiting]) this.run(1, send);
    const { failures } = this;
    while (jobs.size) {
      progress(this.files);
      await Promise.race(jobs);
    }
    return this.failures === failures;
  },
};
