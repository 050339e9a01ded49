// Why this class: asks the server how much the score falls when a part of the photo is covered, and lays that over the photo as a map.
// A page has a place <div id="why"> and tells the document of each answer, event "answer", with { file, reply }, or null while there is none.

import { Refusal, ask, asText, refusalOf } from './server.js';
import { say } from './words.js';

const FOR = [232, 106, 23]; // orange and blue, which all eyes tell apart, on any photo
const AGAINST = [33, 113, 214];
const MOST_OPAQUE = 0.78;
const NOTICEABLE = 0.02; // of the score; less is of no part in particular
const TRIES = 6;
const THIRDS = [['top_left', 'top', 'top_right'], ['left', 'middle', 'right'], ['bottom_left', 'bottom', 'bottom_right']];

function made(tag, className = '', text = '') {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

function asScore(score, type) {
  return type === 'logit' ? score.toFixed(2) : `${(score * 100).toFixed(1)}%`;
}

function asFall(fall, type) {
  if (fall === null) return say('why.no_answer');
  const sign = fall > 0 ? '−' : fall < 0 ? '+' : '';
  return sign + (type === 'logit' ? Math.abs(fall).toFixed(2) : (Math.abs(fall) * 100).toFixed(1));
}

// The cell where the score falls most: { row, column, fall }.
function peakOf({ falls }) {
  const cells = falls.flatMap((line, row) => line.map((fall, column) => ({ row, column, fall })));
  return cells.reduce((most, cell) => ((cell.fall ?? -Infinity) > (most.fall ?? -Infinity) ? cell : most));
}

function summaryOf(found, peak) {
  const { explained, score_type: type, grid } = found;
  const values = { label: asText(explained.label) || asText(explained.class_id), score: asScore(explained.score, type) };
  const third = (place) => Math.min(2, Math.floor(((place + 0.5) * 3) / grid));
  const least = type === 'logit' ? Number.EPSILON : NOTICEABLE * explained.score;
  if (!(peak.fall > least)) return say('why.nowhere', values);
  const place = say(`why.at_${THIRDS[third(peak.row)][third(peak.column)]}`);
  const left = asScore(explained.score - peak.fall, type);
  return say(found.bounded ? 'why.at_least' : 'why.most', { ...values, place, left });
}

// One pixel for each cell: the browser makes it as large as the photo, and smooth.
function drawMap(found, peak) {
  const canvas = made('canvas', 'why-map');
  canvas.width = canvas.height = found.grid;
  const most = Math.max(...found.falls.flat().map((fall) => Math.abs(fall ?? 0)), Number.EPSILON);
  const image = new ImageData(found.grid, found.grid);
  found.falls.flat().forEach((fall, index) => {
    const opaque = Math.round((255 * MOST_OPAQUE * Math.abs(fall ?? 0)) / most);
    image.data.set([...(fall > 0 ? FOR : AGAINST), opaque], index * 4);
  });
  canvas.getContext('2d').putImageData(image, 0, 0);
  const frame = made('span', 'why-peak');
  for (const [name, place] of [['--column', peak.column], ['--row', peak.row], ['--grid', found.grid]]) frame.style.setProperty(name, String(place));
  return peak.fall > 0 ? [canvas, frame] : [canvas];
}

function figureOf(found, file, summary, peak) {
  const figure = made('div', 'why-figure');
  figure.role = 'img';
  figure.ariaLabel = summary;
  figure.style.setProperty('--width', String(found.width_px));
  figure.style.setProperty('--height', String(found.height_px));
  const photo = made('img', 'why-photo');
  photo.alt = '';
  photo.src = URL.createObjectURL(file);
  photo.addEventListener('load', () => URL.revokeObjectURL(photo.src), { once: true });
  photo.addEventListener('error', () => photo.remove(), { once: true }); // a format that only the server reads
  figure.append(photo, ...drawMap(found, peak));
  return figure;
}

function legend() {
  const list = made('p', 'why-legend');
  list.append(made('span', 'why-for', say('why.speaks_for')), made('span', 'why-against', say('why.speaks_against')));
  return list;
}

function tableOf(found) {
  const details = made('details', 'why-numbers');
  const table = made('table');
  details.append(made('summary', '', say('why.numbers')), table);
  table.createCaption().textContent = say(found.score_type === 'logit' ? 'why.caption_logit' : 'why.caption');
  const head = table.createTHead().insertRow();
  head.append(made('td'), ...found.falls.map((_, column) => Object.assign(made('th', '', String(column + 1)), { scope: 'col' })));
  const body = table.createTBody();
  found.falls.forEach((line, row) => {
    const cells = line.map((fall) => made('td', '', asFall(fall, found.score_type)));
    body.insertRow().append(Object.assign(made('th', '', String(row + 1)), { scope: 'row' }), ...cells);
  });
  return details;
}

// A server explains one answer of a client after the other: the last may not have ended yet.
async function askInTurn(path, options) {
  for (let tries = TRIES; ; tries -= 1) {
    try {
      return await ask(path, options);
    } catch (cause) {
      if (cause.status !== 429 || tries === 1) throw cause;
      await new Promise((resolve) => { setTimeout(resolve, 1000 * (Number(cause.retryAfter) || 1)); });
      options.signal?.throwIfAborted();
    }
  }
}

async function failuresOf({ failures, grid }) {
  if (failures.length === 0) return [];
  const { message: reason } = await refusalOf(failures[0]);
  return [made('p', 'why-note', say('why.failed', { count: failures.length, cells: grid * grid, reason }))];
}

// Fills the container with the map of one photo; `classId` null: of its best class.
export async function showWhy(container, file, { model = '', classId = null, grid = null, signal } = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of [['model', model], ['class_id', classId], ['grid', grid]]) if (value !== null && value !== '') query.set(name, value);
  const status = made('p', 'why-summary', say('why.asking'));
  status.role = 'status';
  container.replaceChildren(status);
  container.ariaBusy = 'true';
  try {
    const headers = { 'Content-Type': file.type || 'application/octet-stream' };
    const found = await askInTurn(`explain?${query}`, { method: 'POST', body: file, headers, signal });
    const failures = await failuresOf(found);
    signal?.throwIfAborted();
    const peak = peakOf(found);
    const summary = summaryOf(found, peak);
    status.textContent = summary;
    container.append(figureOf(found, file, summary, peak), legend(), ...failures, tableOf(found));
  } catch (cause) {
    if (signal?.aborted) return;
    if (!(cause instanceof Refusal)) throw cause;
    status.textContent = [cause.message, ...cause.details].join('\n');
  } finally {
    container.ariaBusy = 'false';
  }
}

// The button in the page's own place, and what it opens.
function watchAnswers(place) {
  const button = Object.assign(made('button', 'button', say('why.ask')), { type: 'button' });
  const map = made('div', 'why-answer');
  let answer = null;
  let running = null;
  place.append(button, map);
  button.addEventListener('click', () => {
    running?.abort();
    running = new AbortController();
    const best = answer.reply.predictions[0];
    showWhy(map, answer.file, { model: asText(answer.reply.model), classId: best.class_id, signal: running.signal });
  });
  document.addEventListener('answer', ({ detail }) => {
    running?.abort();
    answer = detail;
    map.replaceChildren();
    place.hidden = !detail;
  });
}

const place = document.getElementById('why');
if (place) watchAnswers(place);
