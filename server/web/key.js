// The page in the place of what needs a key: with the right key it shows what lies at its address.
// What is shown comes from outside. Text is inserted as text; the scripts of a parsed page do not run, and the policy forbids them.

import { keepKey, storedKey } from './api_key.js';

const element = (id) => document.getElementById(id);

function show(text, kind) {
  if (kind.startsWith('text/html')) {
    document.replaceChildren(new DOMParser().parseFromString(text, 'text/html').documentElement);
    return;
  }
  const shown = document.createElement('pre');
  shown.className = 'shown';
  shown.textContent = kind === 'application/json' ? JSON.stringify(JSON.parse(text), null, 2) : text;
  document.body.replaceChildren(shown);
}

function ask(reason) {
  if (reason) element('reason').textContent = reason;
  element('asking').hidden = false;
  element('key').focus();
}

async function open() {
  try {
    const headers = { 'X-Api-Key': storedKey(), Accept: 'text/html, */*;q=0.5' };
    const response = await fetch(window.location.href, { cache: 'no-store', headers });
    if (response.status === 401) ask('The server does not know this key. Ask those who run it.');
    else show(await response.text(), response.headers.get('Content-Type') ?? '');
  } catch {
    ask('The server did not answer. Try again.');
  }
}

element('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  keepKey(element('key').value);
  open();
});

if (storedKey()) open();
else ask();
