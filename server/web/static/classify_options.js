// What a person asks for besides the photo: how many classes, from which score on, which model, and a prediction set.

import { Refusal, ask, asText } from './server.js';
import { say } from './words.js';

const MOST_CLASSES = 16;
const OFFERED = [0.8, 0.9, 0.95, 0.99]; // of the coverages that a calibration has
const CAUTIOUS = { max_batch_items: 4, max_body_bytes: 8e6 }; // until the server has told its limits

const element = (id) => document.getElementById(id);
let models = []; // as /info tells them, the default first

export const limits = { ...CAUTIOUS };

export const options = {
  get topK() { return within(element('top-k'), 1, MOST_CLASSES, 5); },
  get threshold() { return within(element('threshold'), 0, 99, 0) / 100; },
  get model() { return element('model').value; },
  get second() { return element('second').value; },
  get coverage() { return element('coverage').value; },
};

function within(input, least, most, otherwise) {
  const value = input.value.trim() === '' ? NaN : Math.round(Number(input.value));
  return Number.isFinite(value) ? Math.min(Math.max(value, least), most) : otherwise;
}

function coveragesOf(model) {
  const calibration = models.find((one) => one.model === model)?.calibration;
  return calibration?.applied ? calibration.coverages : [];
}

// The path below which a model answers; the default model needs no name.
export function pathOf(route, model = options.model) {
  const query = new URLSearchParams({ top_k: String(options.topK) });
  if (model && model !== models[0]?.model) query.set('model', model);
  if (options.coverage && coveragesOf(model).length > 0) query.set('coverage', options.coverage);
  return `${route}?${query}`;
}

function choice(value, text) {
  const made = document.createElement('option');
  made.value = value;
  made.textContent = text;
  return made;
}

function offer(select, choices) {
  const before = select.value;
  select.replaceChildren(...choices);
  select.value = [...select.options].some((one) => one.value === before) ? before : choices[0]?.value ?? '';
}

function showModels() {
  const names = models.map((one) => asText(one.model));
  element('model-choice').hidden = element('second-choice').hidden = names.length < 2;
  offer(element('model'), names.map((name) => choice(name, name)));
  showForModel();
}

// What depends on the chosen model: the others beside it, and its coverages.
function showForModel() {
  const others = models.map((one) => asText(one.model)).filter((name) => name !== options.model);
  offer(element('second'), [choice('', say('classify.no_second')), ...others.map((name) => choice(name, name))]);
  const coverages = coveragesOf(options.model).filter((share) => OFFERED.includes(share));
  element('set-choice').hidden = coverages.length === 0;
  offer(element('coverage'), [choice('', say('classify.no_set')), ...coverages.map((share) => choice(String(share), `${Math.round(share * 100)}%`))]);
}

// Ask the server for its models and limits. Without an answer there is nothing to choose, and the page works all the same.
export async function readInfo() {
  try {
    const info = await ask('info');
    models = Array.isArray(info.models) && info.models.length > 0 ? info.models : [info];
    Object.assign(limits, info.limits);
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
  }
  showModels();
}

// `changed` is told 'threshold' if only what is shown changes, else 'question'.
export function watchOptions(changed) {
  element('options').addEventListener('submit', (event) => event.preventDefault());
  element('options').addEventListener('change', ({ target }) => {
    if (target.id === 'top-k') target.value = String(options.topK); // within its bounds
    if (target.id === 'threshold') target.value = String(Math.round(options.threshold * 100));
    if (target.id === 'model') showForModel();
    changed(target.id === 'threshold' ? 'threshold' : 'question');
  });
}
