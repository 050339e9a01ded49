// The photos of a batch as a grid of cards, which fill as answers come.

import { labelOf, predictionsOf } from './answer_panel.js';
import { scaleFor } from './figures.js';
import { Refusal } from './server.js';
import { thumbnail } from './thumbnail.js';
import { say } from './words.js';

const SIDE_PX = 160;

// The best class of an answered entry, or null.
export function bestOf({ reply }) {
  return reply ? predictionsOf(reply)[0] : null;
}

const byName = (one, other) => one.path.localeCompare(other.path, undefined, { numeric: true });
const byScore = (one, other) => (bestOf(other)?.score ?? -Infinity) - (bestOf(one)?.score ?? -Infinity);
const labelFor = (entry) => (bestOf(entry) ? labelOf(bestOf(entry)) : '\uffff'); // what has no class comes last
const ORDERS = {
  name: byName,
  class: (one, other) => labelFor(one).localeCompare(labelFor(other)) || byScore(one, other),
  confidence: byScore,
  doubt: (one, other) => (bestOf(one)?.score ?? Infinity) - (bestOf(other)?.score ?? Infinity),
};

export class PhotoGrid {
  #cards = new Map(); // by entry
  #seen = new IntersectionObserver((changes) => changes.forEach((change) => this.#near(change)), { rootMargin: '400px' });

  constructor(list, opened) {
    Object.assign(this, { list, opened });
  }

  add(entries) {
    entries.forEach((entry) => {
      const card = document.getElementById('card').content.firstElementChild.cloneNode(true);
      card.querySelector('.card-name').textContent = entry.path;
      card.querySelector('.card-open').title = entry.path;
      card.querySelector('.card-open').addEventListener('click', () => this.opened(entry));
      this.#cards.set(entry, card);
      this.update(entry);
      this.#seen.observe(card);
    });
    this.list.append(...entries.map((entry) => this.#cards.get(entry)));
  }

  update(entry) {
    const card = this.#cards.get(entry);
    if (!card) return; // cleared meanwhile
    const best = readable(entry);
    card.dataset.state = best ? 'done' : entry.refusal ? 'error' : 'waiting';
    card.querySelector('.card-class').textContent = best ? labelOf(best) : entry.refusal?.message ?? say('classify.card_waiting');
    card.querySelector('.card-score').textContent = best ? scaleFor(entry.reply.score_type, [best.score]).print(best.score) : '';
  }

  // Mark the card of the photo that is shown large, if it is of these.
  mark(shown) {
    this.list.querySelector('[aria-current]')?.removeAttribute('aria-current');
    this.#cards.get(shown)?.querySelector('.card-open').setAttribute('aria-current', 'true');
  }

  sort(order) {
    const sorted = [...this.#cards.keys()].sort((one, other) => ORDERS[order](one, other) || byName(one, other));
    this.list.append(...sorted.map((entry) => this.#cards.get(entry)));
  }

  clear() {
    this.#seen.disconnect();
    this.#cards.clear();
    this.list.replaceChildren();
  }

  // A thumbnail is made when its card comes near: a folder may have thousands of large photos.
  async #near({ isIntersecting, target }) {
    if (!isIntersecting) return;
    this.#seen.unobserve(target);
    const [entry] = [...this.#cards].find(([, card]) => card === target) ?? [];
    if (!entry) return;
    entry.thumbnail ??= await thumbnail(entry.file, SIDE_PX);
    const image = target.querySelector('.card-photo');
    image.hidden = !entry.thumbnail;
    if (entry.thumbnail) image.src = entry.thumbnail;
  }
}

// The best class; an answer that holds none becomes a refusal.
function readable(entry) {
  try {
    return bestOf(entry);
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    Object.assign(entry, { reply: null, refusal: cause });
    return null;
  }
}
