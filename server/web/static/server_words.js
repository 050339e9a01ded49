// What the server says of engines, in the language of the page where it is of a fixed set (server/web/words/told.toml); else as it is.

import { data } from './words.js';

const phrases = Object.entries(data ?? {}).map(([said, words]) => [pattern(said), words]);

function pattern(said) {
  const places = said.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\\\{(\w+)\\\}/g, '(?<$1>.+?)');
  return new RegExp(`^(?:(?<engine>\\w+): )?${places}$`);
}

// One sentence, of an engine or of no one in particular; empty if it is not known.
function translated(said) {
  for (const [known, words] of phrases) {
    const found = known.exec(said)?.groups;
    if (found) return (found.engine ? `${found.engine}：` : '') + words.replace(/\{(\w+)\}/g, (_, place) => translated(found[place]) || found[place]);
  }
  return '';
}

// Shows it. What has no words of the page's language is English, such as what a program has said, and says so.
export function quote(element, said) {
  const parts = said.split('; ').map(translated);
  const text = parts.every(Boolean) ? parts.join('；') : said;
  if (element.textContent === text) return;
  element.textContent = text;
  if (text === said) element.lang = 'en';
  else element.removeAttribute('lang');
}
