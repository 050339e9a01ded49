// The section for many photos: progress, order, download, and the grid.

import { BatchSender } from './batch_sender.js';
import { limits, pathOf } from './classify_options.js';
import { PhotoGrid } from './photo_grid.js';
import { MOST } from './photo_sources.js';
import { asCsv, asJson, download } from './result_files.js';
import { say } from './words.js';

const element = (id) => document.getElementById(id);
const isOver = (entry) => Boolean(entry.reply || entry.refusal);

export class ManyPhotos {
  #entries = [];
  #left = 0; // files of folders that are not pictures
  #over = 0; // pictures of folders beyond the first MOST
  #waits = 0; // seconds that the server asked for
  #runs = 0; // that have not ended; one that was stopped may end after the next has begun

  // `opened(entry)` shows one; `settled(entry)` is told of each outcome; `refused(refusal)` asks for a key.
  constructor({ opened, settled, refused }) {
    this.refused = refused;
    this.grid = new PhotoGrid(element('cards'), opened);
    this.sender = new BatchSender({
      path: () => pathOf('classify/batch'),
      limits,
      settled: (entry) => { this.grid.update(entry); this.#show(); settled(entry); },
      waits: (seconds) => { this.#waits = seconds; this.#show(); },
    });
    element('stop').addEventListener('click', () => this.sender.stop());
    element('go-on').addEventListener('click', () => this.goOn());
    element('clear').addEventListener('click', () => this.#clear());
    element('order').addEventListener('change', () => this.grid.sort(element('order').value));
    element('csv').addEventListener('click', () => download('classes.csv', 'text/csv', asCsv(this.#answered())));
    element('json').addEventListener('click', () => download('classes.json', 'application/json', asJson(this.#answered())));
  }

  add(photos, { left, over }) {
    const entries = photos.map((photo) => ({ ...photo, reply: null, refusal: null }));
    this.#entries.push(...entries);
    this.#left += left;
    this.#over += over;
    this.grid.add(entries);
    this.#run(entries);
    return entries;
  }

  // What has no answer yet; or, if nothing is left, all once more with the options of now.
  goOn() {
    const waiting = this.#entries.filter((entry) => !isOver(entry));
    const again = waiting.length > 0 ? waiting : this.#entries;
    again.forEach((entry) => { Object.assign(entry, { reply: null, refusal: null }); this.grid.update(entry); });
    this.#run(again);
  }

  get isStopped() {
    return this.#runs === 0 && this.#entries.some((entry) => !isOver(entry));
  }

  #answered() {
    return this.#entries.filter(isOver);
  }

  async #run(entries) {
    this.#runs += 1;
    this.#show();
    try {
      await this.sender.send(entries);
    } catch (cause) {
      this.refused(cause);
    } finally {
      this.#runs -= 1;
      this.#waits = 0;
      this.grid.sort(element('order').value);
      this.#show();
    }
  }

  #clear() {
    this.sender.stop();
    this.#entries = [];
    this.#left = this.#over = 0;
    this.grid.clear();
    this.#show();
    element('file').focus();
  }

  #show() {
    const [all, over] = [this.#entries.length, this.#answered().length];
    const refused = this.#entries.filter((entry) => entry.refusal).length;
    element('many').hidden = all === 0;
    element('progress').max = Math.max(all, 1);
    element('progress').value = over;
    element('progress-text').textContent = [
      say('classify.progress', { done: over, count: all }),
      refused > 0 && say('classify.refused', { count: refused }),
      this.#left > 0 && say('classify.left_out', { count: this.#left }),
      this.#over > 0 && say('classify.over_most', { count: this.#over, most: MOST }),
      this.#waits > 0 && say('classify.server_waits', { seconds: this.#waits }),
    ].filter(Boolean).join(' · ');
    element('stop').hidden = this.#runs === 0;
    element('go-on').hidden = this.#runs > 0;
    element('go-on').textContent = say(over < all ? 'classify.go_on' : 'classify.again');
    element('csv').disabled = element('json').disabled = over === 0;
  }
}
