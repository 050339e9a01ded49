// Sends many photos to /classify/batch: a few in a request, two requests at a time. A full server is given its time, and a photo that
// cannot be answered sinks no other: a refused request is sent again photo by photo.

import { withNames } from './class_names.js';
import { Refusal, ask, refusalOf, send } from './server.js';
import { say } from './words.js';

const ABREAST = 2;
const FEW = 8;
const PART_BYTES = 1000; // around each photo in a form
const AGAIN = [429, 503];
const PATIENCE_S = 2;

// What an item of an answer tells of its photo.
async function outcomeOf(result) {
  return result.code ? { refusal: await refusalOf(result) } : { reply: await withNames(result) };
}

export class BatchSender {
  #queue = [];
  #run = null; // the promise of its end
  #control = null;
  #until = 0; // nothing is sent before

  // `path` gives the path of a request, `limits` are those of /info. `settled(entry)` is called when an entry has its `reply` or its
  // `refusal`, `waits(seconds)` when the server is full or away: 0 when it goes on.
  constructor({ path, limits, settled, waits }) {
    Object.assign(this, { path, limits, settled, waits });
  }

  // Send these too; resolves when nothing is left, or it is stopped. Throws the Refusal that asks for a key.
  send(entries) {
    this.#queue.push(...entries);
    this.#run ??= this.#start();
    return this.#run;
  }

  // What is in flight or waits stays without an answer.
  stop() {
    this.#queue = [];
    this.#control?.abort();
    this.#run = null;
  }

  async #start() {
    const control = (this.#control = new AbortController());
    try {
      await Promise.all(Array.from({ length: ABREAST }, () => this.#work(control.signal)));
    } finally {
      if (control === this.#control) this.#run = null; // else another run has begun
    }
  }

  async #work(signal) {
    while (this.#queue.length > 0 && !signal.aborted) {
      const batch = this.#next();
      try {
        await this.#pause(signal);
        await this.#answer(batch, signal);
      } catch (cause) {
        if (signal.aborted) return;
        this.stop(); // the other request too
        throw cause;
      }
    }
  }

  #next() {
    const alone = this.#queue[0].alone;
    const most = alone ? 1 : Math.min(FEW, this.limits.max_batch_items);
    let [count, bytes] = [0, 0];
    for (const { file, alone: single } of this.#queue.slice(0, most)) {
      bytes += file.size + PART_BYTES;
      if (count > 0 && (single || bytes > this.limits.max_body_bytes)) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #answer(batch, signal) {
    const form = new FormData();
    batch.forEach(({ file }) => form.append('image', file, file.name || 'photo'));
    try {
      const { model, version, results } = await ask(this.path(), { method: 'POST', body: form, signal });
      if (!Array.isArray(results) || results.length !== batch.length) throw new Refusal(say('classify.no_predictions'), { status: null });
      this.#share(batch, await Promise.all(results.map((result) => outcomeOf({ model, version, ...result }))));
    } catch (cause) {
      if (!(cause instanceof Refusal)) throw cause;
      const isAway = cause.status === 0 && !(await isAlive());
      signal.throwIfAborted();
      this.#refused(batch, cause, isAway);
    }
  }

  #share(batch, outcomes) {
    const full = batch.filter((_, index) => outcomes[index].refusal?.code === 'saturated');
    batch.forEach((entry, index) => {
      if (!full.includes(entry)) this.#settle(entry, outcomes[index]);
    });
    if (full.length > 0) this.#later(full, 1);
  }

  #refused(batch, refusal, isAway) {
    if (refusal.status === 401) throw refusal;
    if (AGAIN.includes(refusal.status) || isAway) {
      this.#later(batch, Number(refusal.retryAfter) || PATIENCE_S);
    } else if (batch.length > 1) {
      this.#queue.unshift(...batch.map((entry) => Object.assign(entry, { alone: true })));
    } else {
      this.#settle(batch[0], { refusal });
    }
  }

  #settle(entry, outcome) {
    Object.assign(entry, { reply: null, refusal: null, alone: false }, outcome);
    this.settled(entry);
  }

  #later(entries, seconds) {
    this.#queue.unshift(...entries);
    this.#until = Date.now() + seconds * 1000;
  }

  async #pause(signal) {
    while (Date.now() < this.#until) {
      this.waits(Math.ceil((this.#until - Date.now()) / 1000));
      await new Promise((resolve) => { setTimeout(resolve, 250); });
      signal.throwIfAborted();
    }
    this.waits(0);
  }
}

async function isAlive() {
  try {
    return (await send('health/live')).ok;
  } catch {
    return false;
  }
}
