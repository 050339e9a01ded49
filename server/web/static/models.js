// The page of the models: copies hashes; reloads, loads and unloads models after a question, and shows what the server answers.

import { drawnNow } from './page_parts.js';
import { Refusal, ask } from './server.js';
import { say } from './words.js';

const ROUTES = {
  reload: (model) => `admin/models/reload?model=${encodeURIComponent(model)}`,
  load: (model) => `v2/repository/models/${encodeURIComponent(model)}/load`,
  unload: (model) => `v2/repository/models/${encodeURIComponent(model)}/unload`,
};
const COPIED_MS = 1500;
const element = (id) => document.getElementById(id);

// Only scripts can do what these buttons stand for, and only a secure page may write to the clipboard.
function reveal() {
  document.querySelectorAll('[data-action]').forEach((button) => { button.hidden = false; });
  document.querySelectorAll('[data-copy]').forEach((button) => { button.hidden = !navigator.clipboard; });
}

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  tell(say('models.copied', { what: button.dataset.copy.slice(0, 12) }));
  button.dataset.copied = 'yes';
  setTimeout(() => delete button.dataset.copied, COPIED_MS);
}

function tell(text, kind = 'good', details = []) {
  const outcome = element('outcome');
  outcome.hidden = false;
  outcome.dataset.kind = kind;
  outcome.textContent = [text, ...details].join('\n');
}

function isSure(action, model) {
  const sure = element('sure');
  element('sure-text').textContent = say(`models.sure_${action}`, { model });
  element('sure-yes').textContent = say(`models.${action}`);
  sure.returnValue = 'no';
  sure.showModal();
  return new Promise((resolve) => {
    sure.addEventListener('close', () => resolve(sure.returnValue === 'yes'), { once: true });
  });
}

async function act({ action, model }) {
  if (!(await isSure(action, model))) return;
  const buttons = [...document.querySelectorAll('[data-action]')];
  buttons.forEach((button) => { button.disabled = true; });
  tell(say(`models.doing_${action}`, { model }), 'busy');
  try {
    const reply = await ask(ROUTES[action](model), { method: 'POST' });
    await renew();
    tell(say(`models.done_${action}`, { model, version: reply.version ?? '' }));
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    tell(cause.message, 'bad', cause.details);
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
  }
}

// The cards as the server draws them now. Without them what was done is told all the same, and the header says that the server is away.
async function renew() {
  const drawn = await drawnNow('models').catch(() => null);
  if (drawn?.getElementById('cards')) element('cards').replaceWith(drawn.getElementById('cards'));
  reveal();
}

reveal();
document.addEventListener('click', ({ target }) => {
  const button = target.closest('[data-copy], [data-action]');
  if (button?.dataset.copy) copy(button);
  else if (button) act(button.dataset);
});
