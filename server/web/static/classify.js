// The page: takes a photo, sends it to /classify, shows the answer.
// Labels and messages come from outside, so they are inserted as text, never as markup.

import { Refusal, ask, asText, signIn } from './server.js';
import { say } from './words.js';

const TOP_K = 5;
const NOTHING = '–';

const element = (id) => document.getElementById(id);
const rows = Array.from({ length: TOP_K }, () => element('row').content.firstElementChild.cloneNode(true));

let photo = null; // the last File shown
let photoUrl = ''; // its object URL
let running = null; // the AbortController of the request in flight

function predictionsOf(reply) {
  const predictions = Array.isArray(reply.predictions) ? reply.predictions.slice(0, TOP_K) : [];
  const whole = predictions.length > 0 && predictions.every((one) => Number.isFinite(one?.score));
  if (!whole) throw new Refusal(say('classify.no_predictions'), { status: null });
  return predictions;
}

async function classify(file) {
  running?.abort();
  const { signal } = (running = new AbortController());
  showEmpty('busy', say('classify.classifying'));
  tell(null);
  const started = performance.now();
  const headers = { 'Content-Type': file.type || 'application/octet-stream' };
  try {
    const reply = await ask(`classify?top_k=${TOP_K}`, { method: 'POST', body: file, headers, signal });
    if (signal.aborted) return;
    showReply(reply, performance.now() - started);
    tell({ file, reply });
  } catch (cause) {
    if (signal.aborted) return;
    if (!(cause instanceof Refusal)) throw cause;
    showRefusal(cause);
  }
}

// For the parts of the page that go on with an answer: why.js.
function tell(answer) {
  document.dispatchEvent(new CustomEvent('answer', { detail: answer }));
}

// Words and numbers

function asMilliseconds(value) {
  if (!Number.isFinite(value)) return NOTHING;
  return `${value < 100 ? value.toFixed(1) : Math.round(value)} ms`;
}

function asPercentage(share) {
  return share > 0 && share < 0.0005 ? '<0.1%' : `${(share * 100).toFixed(1)}%`;
}

function asSize(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

// A probability is drawn between 0 and 1; a logit has no fixed range, so the scores shown give it one.
function scaleFor(scoreType, scores) {
  if (scoreType !== 'logit') return { min: 0, max: 1, print: asPercentage, ends: (share) => `${share * 100}%` };
  const print = (score) => score.toFixed(2);
  return { min: Math.min(...scores), max: Math.max(...scores), print, ends: print };
}

function shareOf(score, { min, max }) {
  return max > min ? Math.min(Math.max((score - min) / (max - min), 0), 1) : 1;
}

// The result

function showState(state, status) {
  const result = element('result');
  result.dataset.state = state;
  result.ariaBusy = String(state === 'busy');
  element('chart').ariaHidden = String(state !== 'done');
  element('status').textContent = status;
  element('notice').hidden = state !== 'error';
}

function showReadings(model, engine, serverMs, roundTripMs) {
  element('reading-model').textContent = model || NOTHING;
  element('reading-engine').textContent = engine || NOTHING;
  element('reading-server').textContent = asMilliseconds(serverMs);
  element('reading-round-trip').textContent = asMilliseconds(roundTripMs);
}

function clearRows() {
  rows.forEach((row) => {
    row.hidden = false;
    row.querySelectorAll('.label, .class-id, .score').forEach((cell) => { cell.textContent = ''; });
    row.querySelector('.fill').style.setProperty('--share', '0');
  });
}

function fillRow(row, prediction, scale) {
  row.hidden = !prediction;
  if (!prediction) return;
  const label = asText(prediction.label) || say('classify.unnamed');
  row.querySelector('.label').textContent = label;
  row.querySelector('.label').title = label;
  row.querySelector('.class-id').textContent = say('classify.class_id', { id: asText(prediction.class_id) || '?' });
  row.querySelector('.score').textContent = scale.print(prediction.score);
  row.querySelector('.fill').style.setProperty('--share', String(shareOf(prediction.score, scale)));
}

function showAxis(scale) {
  element('axis-min').textContent = scale.ends(scale.min);
  element('axis-mid').textContent = scale.ends((scale.min + scale.max) / 2);
  element('axis-max').textContent = scale.ends(scale.max);
}

function showEmpty(state, status) {
  clearRows();
  showAxis(scaleFor('probability'));
  showReadings();
  showState(state, status);
}

function showReply(reply, roundTripMs) {
  const predictions = predictionsOf(reply);
  const scale = scaleFor(reply.score_type, predictions.map((one) => one.score));
  rows.forEach((row, index) => fillRow(row, predictions[index], scale));
  showAxis(scale);
  showReadings(asText(reply.model), asText(reply.engine), reply.timing_ms?.total, roundTripMs);
  showState('done', say(reply.score_type === 'logit' ? 'classify.logit' : 'classify.probability'));
}

function showRefusal({ message, status, details }) {
  element('notice-text').textContent = message;
  element('notice-details').textContent = details.join('\n');
  element('key-form').hidden = status !== 401;
  element('retry').hidden = !photo || !(status === 0 || status === 429 || status >= 500);
  showEmpty('error', status === 401 ? say('classify.key_needed') : say('classify.no_result'));
  if (status === 401 && photo) element('key').focus();
}

// The photo

function showPhoto(file, count) {
  const preview = element('preview');
  URL.revokeObjectURL(photoUrl);
  photoUrl = URL.createObjectURL(file);
  element('invitation').hidden = true;
  element('no-preview').hidden = true;
  element('choose').textContent = say('classify.another');
  element('choose').classList.remove('primary');
  const name = file.name || say('classify.pasted');
  element('photo-name').textContent = `${count > 1 ? say('classify.first_of', { name, count }) : name}, ${asSize(file.size)}`;
  preview.hidden = false;
  preview.alt = file.name;
  preview.src = photoUrl;
}

function showNoPreview() {
  element('preview').hidden = true;
  element('no-preview').hidden = false;
}

function take(files) {
  if (files.length === 0) return;
  photo = files[0];
  showPhoto(photo, files.length);
  classify(photo);
}

function drop(event) {
  event.preventDefault();
  document.body.classList.remove('dragging');
  if (event.dataTransfer.files.length > 0) return take(event.dataTransfer.files);
  running?.abort();
  showRefusal(new Refusal(say('classify.link_dropped'), { status: null }));
}

function dragOver(event) {
  event.preventDefault(); // also outside the stage: a photo dropped there must not replace the page
  document.body.classList.add('dragging');
}

// Wiring

element('predictions').append(...rows);
showEmpty('idle', say('classify.waiting'));

document.addEventListener('dragover', dragOver);
document.addEventListener('dragleave', (event) => event.relatedTarget ?? document.body.classList.remove('dragging'));
document.addEventListener('drop', drop);
document.addEventListener('paste', (event) => take(event.clipboardData.files));
element('preview').addEventListener('error', showNoPreview);
element('retry').addEventListener('click', () => classify(photo));
element('file').addEventListener('change', ({ target }) => {
  take(target.files);
  target.value = ''; // so that the choice of the same file is a change too
});
element('key-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  try {
    await signIn(element('key').value);
  } catch (refusal) {
    return showRefusal(refusal);
  }
  element('key').value = '';
  if (photo) classify(photo);
  else showEmpty('idle', say('classify.waiting'));
});
