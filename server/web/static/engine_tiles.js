// The engines of each model on each chip. A tile is made once and then only changed.

import { asText } from './server.js';
import { quote } from './server_words.js';
import { say } from './words.js';

const made = new Map(); // elements by model, and by model and engine

function fresh(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

function write(within, selector, text) {
  const element = within.querySelector(selector);
  if (element.textContent !== text) element.textContent = text;
}

// Shows the models; `reload(name, button)` is called by the buttons, which only who may change something sees.
export function showModels(models, mayChange, reload) {
  const shown = new Set();
  const held = (key, within, id, prepare = () => {}) => {
    shown.add(key);
    if (!made.has(key)) {
      made.set(key, fresh(id));
      prepare(made.get(key));
      within.append(made.get(key));
    }
    return made.get(key);
  };
  for (const model of models) {
    const name = asText(model.model);
    const article = held(name, document.getElementById('models'), 'model', (element) => {
      const button = element.querySelector('.reload');
      button.setAttribute('aria-label', say('status.reload_model', { model: name }));
      button.addEventListener('click', () => reload(name, button));
    });
    write(article, '.model-name', name);
    write(article, '.model-facts', factsOf(model));
    article.querySelector('.reload').hidden = !mayChange;
    const tiles = article.querySelector('.tiles');
    model.engines.forEach((engine) => showTile(held(JSON.stringify([name, engine.name, engine.device]), tiles, 'tile'), engine));
  }
  for (const [key, element] of made) {
    if (shown.has(key)) continue;
    element.remove();
    made.delete(key);
  }
}

function factsOf({ version, precision, engine, in_flight: inFlight, switches }) {
  return [
    say('status.version_of', { version }),
    asText(precision),
    say('status.answering', { engine }),
    say('status.in_window', { count: inFlight }),
    say('status.switches', { count: switches }),
  ].filter(Boolean).join(' · ');
}

function stateOf({ up, restarting }) {
  if (up) return 'up';
  return restarting ? 'restarting' : 'down';
}

function showTile(tile, engine) {
  const state = stateOf(engine);
  tile.dataset.state = state;
  tile.dataset.answers = String(engine.answers);
  write(tile, '.tile-state', say(`status.engine_${state}`));
  write(tile, '.tile-role', engine.up ? say(engine.answers ? 'status.answers' : 'status.stands_by') : '');
  write(tile, '.tile-name', say('status.engine_on', { name: engine.name, device: engine.device }));
  write(tile, '.tile-in-flight', asText(engine.in_flight));
  write(tile, '.tile-restarts', asText(engine.restarts));
  quote(tile.querySelector('.tile-reason'), engine.up ? '' : asText(engine.reason));
  tile.querySelector('.tile-reason').hidden = engine.up || !engine.reason;
}
