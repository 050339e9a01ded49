// The place where the photo is shown.

import { asSize } from './figures.js';
import { say } from './words.js';

const element = (id) => document.getElementById(id);

export class PhotoStage {
  #url = '';

  constructor() {
    element('preview').addEventListener('error', () => this.#showOnly('no-preview'));
  }

  // `file` is null if only the answer is left.
  show({ file, path }) {
    const preview = element('preview');
    URL.revokeObjectURL(this.#url);
    this.#url = file ? URL.createObjectURL(file) : '';
    element('choose').textContent = say('classify.another');
    element('choose').classList.remove('primary');
    element('photo-name').textContent = file ? `${path}, ${asSize(file.size)}` : path;
    element('photo-name').title = path;
    if (!file) return this.#showOnly('no-preview');
    preview.alt = path;
    preview.src = this.#url;
    this.#showOnly('preview');
  }

  // The picture of the camera in the place of the photo, or not.
  showCamera(on) {
    element('stage').classList.toggle('live', on);
    element('viewfinder').hidden = !on;
  }

  #showOnly(shown) {
    for (const id of ['invitation', 'preview', 'no-preview']) element(id).hidden = id !== shown;
  }
}
