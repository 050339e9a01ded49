// One evaluation: it is followed by server-sent events; what can be done with it is done by buttons, after a question where it hurts.

import { drawCurve } from './curve.js';
import { drawnNow, replacePart } from './page_parts.js';
import { hideRefusal, showRefusal } from './refusal_notice.js';
import { Refusal, address, ask, got, readBlob, send } from './server.js';
import { data, language, say } from './words.js';

const MOST_POINTS = 400;
const RENEW_MS = 2000;
const ACTIVE = ['queued', 'running'];
const PARTS = ['state', 'actions', 'failed', 'error', 'downloads', 'time-what', 'time'];
const path = `evaluate/${data.id}`;
const element = (id) => document.getElementById(id);

let points = data.points;
let { state, failed, total } = data;
let curve = null;
let place = null; // the point of the curve that is read
let source = null; // the EventSource
let renewed = 0;
let announced = 0;

const asPercent = (share) => `${(share * 100).toFixed(2)}%`;
const asCount = (count) => count.toLocaleString(language);

function asDuration(seconds) {
  const [m, h] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  if (seconds < 60) return say('evaluations.seconds', { s: seconds.toFixed(seconds < 10 ? 1 : 0) });
  if (seconds < 3600) return say('evaluations.minutes', { m, s: Math.floor(seconds % 60) });
  return say('evaluations.hours', { h, m: Math.floor((seconds % 3600) / 60) });
}

// The curve

function sentence([done, value, low, high]) {
  return say('evaluations.curve_says', { done: asCount(done), value: asPercent(value), low: asPercent(low), high: asPercent(high) });
}

// Tell one point of the curve: that of a pointer or of the keys, or else the last one.
function read(to) {
  place = to === null ? null : Math.max(0, Math.min(curve.points.length - 1, to));
  curve.mark(place);
  element('curve-readout').textContent = sentence(curve.points[place ?? curve.points.length - 1]);
}

function showCurve() {
  curve = drawCurve(element('curve'), points, total ?? 0);
  if (!curve) return;
  element('curve').ariaLabel = sentence(curve.points.at(-1));
  read(place);
}

function wireCurve() {
  element('curve').addEventListener('pointermove', (event) => curve && read(curve.nearest(event.clientX)));
  element('curve').addEventListener('pointerleave', () => curve && read(null));
  element('curve').addEventListener('blur', () => curve && read(null));
  element('curve').addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10, Home: -Infinity, End: Infinity }[event.key];
    if (!step || !curve) return;
    event.preventDefault();
    read((place ?? curve.points.length - 1) + step);
    element('curve').ariaLabel = sentence(curve.points[place]);
  });
}

// The progress

function addPoint({ done, top1, top1_interval: interval }) {
  if (!interval || done === points.at(-1)?.[0]) return;
  points.push([done, top1, ...interval]);
  if (points.length > MOST_POINTS) points = points.filter((_, place) => place % 2 === 1 || place === points.length - 1);
}

function showProgress(now) {
  total = now.total;
  element('done').textContent = asCount(now.done);
  element('bar').max = now.total || 1;
  element('bar').value = now.done;
  element('failures').textContent = asCount(now.failed ?? 0);
  element('pace').textContent = now.images_per_s ? now.images_per_s.toFixed(1) : '–';
  if (now.left_s !== null) element('time').textContent = asDuration(now.left_s);
  if (now.top1 !== null) element('top1').textContent = asPercent(now.top1);
  if (now.topk !== null) element('topk').textContent = asPercent(now.topk);
  if (now.top1_interval) {
    const [low, high] = now.top1_interval.map(asPercent);
    element('interval').textContent = say('evaluations.between', { low, high });
  }
  addPoint(now);
  showCurve();
  announce(now);
}

// Every tenth for those who listen, not each half second.
function announce(now) {
  const tenth = now.total ? Math.floor((now.done / now.total) * 10) : 0;
  if (tenth === announced && now.state === state) return;
  announced = tenth;
  const known = now.top1 === null ? '' : `, ${say('evaluations.top1')} ${asPercent(now.top1)}`;
  element('live').textContent = `${say(`evaluations.state_${now.state}`)}, ${asCount(now.done)} / ${asCount(now.total ?? 0)}${known}`;
}

async function renew() {
  renewed = Date.now();
  const drawn = await drawnNow(path).catch(() => null);
  if (!drawn) return;
  PARTS.forEach((id) => replacePart(id, drawn));
  ({ points } = JSON.parse(drawn.getElementById('data').textContent)); // the whole way, also that which this page has missed
  showCurve();
}

function told({ data: text, type }) {
  const now = JSON.parse(text);
  element('lost').textContent = '';
  showProgress(now);
  const changed = now.state !== state;
  const more = now.failed !== failed && Date.now() - renewed > RENEW_MS;
  ({ state, failed } = now);
  if (changed || more) renew();
  if (type !== 'over') return;
  source.close();
  drawAhead();
  if (element('sure').open && element('sure').dataset.act === 'cancel') element('sure').close();
}

// The report is drawn when it is first asked for, which takes a second: so it is, before a person asks.
function drawAhead() {
  if (state === 'finished') send(`${path}/report`, { method: 'HEAD', headers: { Accept: 'text/html' } }).catch(() => {});
}

// Follow the evaluation, from now on. The tests begin anew with it.
export function follow() {
  source?.close();
  source = new EventSource(address(`${path}/events`));
  source.addEventListener('progress', told);
  source.addEventListener('over', told);
  source.addEventListener('error', lost);
}

// The browser tries again if the connection broke, not after a refusal: the server asks for a key, has removed this evaluation, or starts.
async function lost() {
  element('lost').textContent = say('evaluations.lost');
  if (source.readyState !== EventSource.CLOSED) return;
  try {
    await ask(path);
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    if (cause.status === 401) return window.location.reload(); // the server shows where to sign in
    if (cause.code === 'not_found') {
      element('lost').textContent = '';
      return showRefusal(cause);
    }
  }
  setTimeout(follow, RENEW_MS);
}

// What can be done with it

async function act(name) {
  hideRefusal();
  try {
    if (name === 'resume') {
      ({ state } = await ask(`${path}/resume`, { method: 'POST' }));
      follow();
    } else {
      // One that has ended meanwhile would be removed instead.
      const now = await ask(path);
      if (name === 'cancel' && !ACTIVE.includes(now.state)) return await renew();
      await ask(path, { method: 'DELETE' });
      if (name === 'remove') return window.location.assign(address('evaluate'));
    }
    await renew();
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    showRefusal(cause);
  }
}

function question(name) {
  const dialog = element('sure');
  dialog.dataset.act = name;
  element('sure-text').textContent = name === 'cancel' ? say('evaluations.sure_cancel') : say('evaluations.sure_remove');
  element('sure-yes').textContent = name === 'cancel' ? say('evaluations.cancel') : say('evaluations.remove');
  dialog.showModal();
  element('sure-no').focus();
}

// The report is JSON or a page by the header Accept, which a plain link cannot say.
async function download(event) {
  const link = event.target.closest('a[data-accept]');
  if (!link) return;
  event.preventDefault();
  hideRefusal();
  try {
    const response = await got(`${path}/report`, { headers: { Accept: link.dataset.accept } });
    const made = Object.assign(document.createElement('a'), { href: URL.createObjectURL(await readBlob(response)), download: link.download });
    made.click();
    setTimeout(() => URL.revokeObjectURL(made.href), 1000);
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    showRefusal(cause);
  }
}

document.addEventListener('click', (event) => {
  const name = event.target.closest('[data-act]:not(dialog)')?.dataset.act;
  if (name === 'resume') act(name);
  else if (name) question(name);
});
document.addEventListener('click', download);
element('sure-no').addEventListener('click', () => element('sure').close());
element('sure-yes').addEventListener('click', () => {
  element('sure').close();
  act(element('sure').dataset.act);
});
wireCurve();
showCurve();
new ResizeObserver(showCurve).observe(element('curve').parentElement);
if (ACTIVE.includes(state)) follow();
else drawAhead();
