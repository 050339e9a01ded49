// The words of this page in its language, and what the server put into the page for its script.

function embedded(id) {
  const found = document.getElementById(id);
  return found ? JSON.parse(found.textContent) : null;
}

const words = embedded('words');

export const data = embedded('data');
export const language = document.documentElement.lang;

// The word of a page, with its places filled: say('common.request', { id: 7 }).
export function say(name, values = {}) {
  const [page, word] = name.split('.');
  const text = words[page][word];
  if (text === undefined) throw new Error(`no word ${name}`);
  return text.replace(/\{(\w+)\}/g, (_, place) => String(values[place]));
}
