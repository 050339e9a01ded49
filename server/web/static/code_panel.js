// The panel that shows the present question as code, and copies it.

import { SAMPLES } from './code_samples.js';
import { say } from './words.js';

const SAID_MS = 2000;
const element = (id) => document.getElementById(id);

export class CodePanel {
  #question = null;

  constructor() {
    element('code-kinds').addEventListener('change', () => this.#show());
    element('copy').addEventListener('click', () => this.#copy());
  }

  // `question`: url, name and type of the photo, keyed, threshold.
  show(question) {
    this.#question = question;
    this.#show();
  }

  #show() {
    const kind = element('code-kinds').querySelector(':checked').value;
    element('code-text').textContent = SAMPLES[kind](this.#question);
  }

  async #copy() {
    let copied = true;
    try {
      await navigator.clipboard.writeText(element('code-text').textContent);
    } catch { // at an address that is not secure there is no clipboard
      window.getSelection().selectAllChildren(element('code-text'));
      copied = document.execCommand('copy');
    }
    element('copied').textContent = say(copied ? 'classify.copied' : 'classify.copy_by_hand');
    setTimeout(() => { element('copied').textContent = ''; }, SAID_MS);
  }
}
