// A panel with the answer to the photo: its best classes, its prediction set, where the time went; or why there is no answer.
// Labels and messages come from outside, so they are inserted as text, never as markup.

import { calledClass } from './class_names.js';
import { NOTHING, asMilliseconds, scaleFor, shareOf } from './figures.js';
import { Refusal, asText } from './server.js';
import { showStages } from './stage_bar.js';
import { say } from './words.js';

const PLACES = 5; // that keep their room even if fewer classes are shown
const SET_SHOWN = 24; // an unclear picture may have hundreds of classes in its set

// The predictions of a reply, or of one item of a batch; throws Refusal if they cannot be drawn.
export function predictionsOf(reply) {
  const predictions = Array.isArray(reply.predictions) ? reply.predictions : [];
  const whole = predictions.length > 0 && predictions.every((one) => Number.isFinite(one?.score));
  if (!whole) throw new Refusal(say('classify.no_predictions'), { status: null });
  return predictions;
}

export function labelOf(prediction) {
  return calledClass(prediction) || say('classify.unnamed');
}

export class AnswerPanel {
  // All elements of a panel have its prefix before their ids.
  constructor(prefix) {
    this.part = (id) => document.getElementById(prefix + id);
    this.shown = null; // the reply
    this.showEmpty('idle', say('classify.waiting'));
  }

  // Its heading: the name of the model, where two are beside each other.
  showName(name) {
    this.part('name').textContent = name || say('classify.best');
  }

  showEmpty(state, status) {
    this.shown = null;
    this.#fillRows([], scaleFor('probability'));
    this.#showReadings();
    this.#showSet();
    showStages(this.part('timing'), {});
    this.#showState(state, status);
  }

  // Classes below the threshold are left out; a logit has none.
  showReply(reply, roundTripMs, threshold = 0) {
    const all = predictionsOf(reply);
    const scale = scaleFor(reply.score_type, all.map((one) => one.score));
    const predictions = reply.score_type === 'logit' ? all : all.filter((one) => one.score >= threshold);
    this.shown = { reply, roundTripMs };
    this.#fillRows(predictions, scale);
    this.#showReadings(reply, roundTripMs);
    this.#showSet(reply.prediction_set);
    showStages(this.part('timing'), reply.timing_ms ?? {});
    const hidden = all.length - predictions.length;
    this.#showState('done', hidden ? say('classify.below', { count: hidden }) : scoreWord(reply.score_type));
  }

  showThreshold(threshold) {
    if (this.shown) this.showReply(this.shown.reply, this.shown.roundTripMs, threshold);
  }

  showRefusal({ message, status, details }, hasPhoto) {
    this.showEmpty('error', say(status === 401 ? 'classify.key_needed' : 'classify.no_result'));
    this.part('notice-text').textContent = message;
    this.part('notice-details').textContent = details.join('\n');
    this.part('key-form').hidden = status !== 401;
    this.part('retry').hidden = !hasPhoto || !(status === 0 || status === 429 || status >= 500);
    if (status === 401 && hasPhoto) this.part('key').focus();
  }

  #showState(state, status) {
    const result = this.part('result');
    result.dataset.state = state;
    result.ariaBusy = String(state === 'busy');
    this.part('chart').ariaHidden = String(state !== 'done');
    this.part('status').textContent = status;
    this.part('notice').hidden = state !== 'error';
  }

  #showReadings(reply = {}, roundTripMs = NaN) {
    this.part('reading-model').textContent = asText(reply.model) || NOTHING;
    this.part('reading-engine').textContent = asText(reply.engine) || NOTHING;
    this.part('reading-server').textContent = asMilliseconds(reply.timing_ms?.total);
    this.part('reading-round-trip').textContent = asMilliseconds(roundTripMs);
  }

  #fillRows(predictions, scale) {
    const list = this.part('predictions');
    const template = document.getElementById('row').content.firstElementChild;
    while (list.childElementCount < Math.max(PLACES, predictions.length)) list.append(template.cloneNode(true));
    while (list.childElementCount > Math.max(PLACES, predictions.length)) list.lastElementChild.remove();
    [...list.children].forEach((row, index) => fillRow(row, predictions[index], scale));
    this.part('axis-min').textContent = scale.ends(scale.min);
    this.part('axis-mid').textContent = scale.ends((scale.min + scale.max) / 2);
    this.part('axis-max').textContent = scale.ends(scale.max);
  }

  #showSet(set) {
    const classes = Array.isArray(set?.classes) ? set.classes : [];
    this.part('set').hidden = classes.length === 0;
    if (classes.length === 0) return;
    const values = { percent: asText(Math.round(set.coverage * 1000) / 10), count: classes.length };
    this.part('set-text').textContent = say(classes.length === 1 ? 'classify.set_of_one' : 'classify.set_of', values);
    const items = classes.slice(0, SET_SHOWN).map((one) => item(labelOf(one)));
    if (classes.length > SET_SHOWN) items.push(item(say('classify.set_more', { count: classes.length - SET_SHOWN })));
    this.part('set-classes').replaceChildren(...items);
  }
}

function scoreWord(scoreType) {
  if (scoreType === 'logit') return say('classify.logit');
  return say(scoreType === 'calibrated' ? 'classify.calibrated' : 'classify.probability');
}

function item(text) {
  const made = document.createElement('li');
  made.dir = 'auto';
  made.textContent = text;
  return made;
}

function fillRow(row, prediction, scale) {
  const write = (selector, text) => { row.querySelector(selector).textContent = text; };
  row.classList.toggle('blank', !prediction);
  write('.label', prediction ? labelOf(prediction) : '');
  row.querySelector('.label').title = prediction ? labelOf(prediction) : '';
  write('.class-id', prediction ? say('classify.class_id', { id: asText(prediction.class_id) || '?' }) : '');
  write('.score', prediction ? scale.print(prediction.score) : '');
  row.querySelector('.fill').style.setProperty('--share', String(prediction ? shareOf(prediction.score, scale) : 0));
}
