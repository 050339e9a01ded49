// What this tab has classified: a small copy of each photo and its answer, in the session storage of the browser, which ends with the tab
// and when somebody signs out (masthead.js): photos are private, and a browser may be shared. Nothing else is kept, above all no key.

import { labelOf, predictionsOf } from './answer_panel.js';
import { scaleFor } from './figures.js';
import { photoOf } from './photo_sources.js';
import { thumbnail } from './thumbnail.js';
import { say } from './words.js';

const STORE = 'classify-history';
const MOST = 12;
const SIDE_PX = 160;

const element = (id) => document.getElementById(id);

export class PhotoHistory {
  #photos = new WeakMap(); // of an entry, as long as the page stands

  constructor(opened) {
    this.opened = opened;
    this.entries = stored();
    element('forget').addEventListener('click', () => this.#forget());
    this.#show();
  }

  async add(photo, reply) {
    const image = await thumbnail(photo.file, SIDE_PX);
    const entry = { name: photo.path, image, reply };
    const others = this.entries.filter((one) => this.#photos.get(one)?.file !== photo.file); // asked again it is one photo still
    this.#photos.set(entry, photo);
    this.entries = [entry, ...others].slice(0, MOST);
    this.#keep();
    this.#show();
  }

  #forget() {
    this.entries = [];
    this.#keep();
    this.#show();
    element('file').focus(); // the button goes away with the list
  }

  #keep() {
    for (let count = this.entries.length; count >= 0; count -= 1) { // a full storage takes fewer
      try {
        window.sessionStorage.setItem(STORE, JSON.stringify(this.entries.slice(0, count)));
        return;
      } catch {
        // one less
      }
    }
  }

  #show() {
    element('history').hidden = this.entries.length === 0;
    element('history-list').replaceChildren(...this.entries.map((entry) => this.#item(entry)));
  }

  #item(entry) {
    const item = element('past').content.firstElementChild.cloneNode(true);
    const best = predictionsOf(entry.reply)[0];
    const image = item.querySelector('img');
    image.hidden = !entry.image;
    if (entry.image) image.src = entry.image;
    item.querySelector('.past-class').textContent = labelOf(best);
    item.querySelector('.past-score').textContent = scaleFor(entry.reply.score_type, [best.score]).print(best.score);
    const button = item.querySelector('button');
    button.title = entry.name;
    button.addEventListener('click', () => this.opened(this.#photos.get(entry) ?? smallCopy(entry), entry.reply));
    return item;
  }
}

function stored() {
  try {
    const entries = JSON.parse(window.sessionStorage.getItem(STORE) ?? '[]');
    entries.forEach((entry) => predictionsOf(entry.reply));
    return entries;
  } catch { // of another version of this page
    return [];
  }
}

// After the page was loaded anew only the small copy is left; of a photo that the browser cannot show not even that.
function smallCopy({ name, image }) {
  if (!image) return { file: null, path: name };
  const bytes = Uint8Array.from(atob(image.split(',')[1]), (letter) => letter.charCodeAt(0));
  const path = say('classify.small_copy', { name });
  return photoOf(new File([bytes], name, { type: 'image/jpeg' }), path);
}
