// The page of the state: asks for the samples that it does not have yet, and draws them. It rests while nobody sees it.

import { BarChart, LineChart } from './chart.js';
import { showModels } from './engine_tiles.js';
import { SPAN_S, Samples } from './samples.js';
import { Refusal, address, ask, asText, notWhole } from './server.js';
import { quote } from './server_words.js';
import { language, say } from './words.js';

const OUTCOMES = { ok: '1', abandoned: 'quiet', saturated: '2' }; // tones; other outcomes are errors
const ERROR_TONES = ['bad', '4', '6'];
const CLASSES = { '2xx': '1', '3xx': '3', '4xx': '2', '5xx': 'bad' };
const STAGES = ['queue', 'decode', 'resize', 'crop', 'infer', 'postprocess', 'serialize', 'stream'];
const TONES = ['2', '3', '5', '6', '1', '4', 'quiet', 'bad'];
const EVALUATION_STATES = ['queued', 'running', 'finished', 'cancelled', 'failed'];
const SERVER_STATES = { ready: 'ready', starting: 'waiting', draining: 'waiting', unhealthy: 'failed', failed: 'failed' };
const SPANS_S = [60, 120, 240, 360, SPAN_S]; // of the axis: the shortest that holds all samples
const RETRY_MS = 3000;
const TIMEOUT_MS = 20_000;

const element = (id) => document.getElementById(id);
const samples = new Samples();
let last = null; // the last reply
let timer = 0;
let asking = false;

// Words and numbers

const figures = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });
const percent = new Intl.NumberFormat(language, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 });
const wholePercent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat(language, { timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
const print = (value) => figures.format(value);
const hundredths = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
const asTime = (seconds) => (seconds < 1 ? `${(seconds < 0.001 ? hundredths : figures).format(seconds * 1000)} ms` : `${print(seconds)} s`);
const asMemory = (bytes) => (bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${print(bytes / 1e9)} GB`);
const named = (kind, known, name) => (known.includes(name) ? say(`status.${kind}_${name}`) : name);

function asDuration(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return say('status.seconds', { seconds: Math.floor(seconds) });
  if (minutes < 60) return say('status.minutes', { minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return say('status.hours', { hours, minutes: minutes % 60 });
  return say('status.days', { days: Math.floor(hours / 24), hours: hours % 24 });
}

// The charts

const lines = (id, slots, { printed = print, least = 1 } = {}) =>
  new LineChart(element(id), {
    slots,
    print: printed,
    least,
    at: (time) => clock.format(time * 1000),
    spoken: (name, now, most) => say('status.spoken', { name, now, most }),
  });

const charts = {
  images: lines('images', 6),
  requests: lines('requests', 4),
  took: lines('took', 2, { printed: asTime, least: 0.001 }),
  stages: lines('stages', 8, { printed: asTime, least: 0.001 }),
  window: lines('window', 3),
  memory: lines('memory', 2, { printed: asMemory, least: 1e6 }),
};
let batches = null; // made when the sizes are known

function imageSeries() {
  const outcomes = samples.keys('images').filter((name) => name !== 'ok').sort();
  const series = ['ok', ...outcomes.slice(0, 4)].map((name) => ({
    name: named('outcome', Object.keys(OUTCOMES), name),
    tone: OUTCOMES[name] ?? ERROR_TONES[outcomes.indexOf(name) % ERROR_TONES.length],
    values: samples.rates('images', name),
    filled: name === 'ok',
  }));
  const rest = outcomes.slice(4);
  if (rest.length) series.push({ name: say('status.outcome_others'), tone: 'quiet', values: samples.rates('images', ...rest) });
  return series;
}

function stageSeries(bounds) {
  const q = Number(document.querySelector('[name=quantile]:checked').value);
  const found = new Set(samples.list.flatMap(({ stages }) => Object.keys(stages ?? {})));
  const stages = [...STAGES.filter((name) => found.has(name)), ...[...found].filter((name) => !STAGES.includes(name))];
  return stages.slice(0, TONES.length).map((name, index) => ({
    name: named('stage', STAGES, name),
    tone: TONES[index],
    values: samples.quantiles(q, (sample) => sample.stages?.[name], bounds.stages),
  }));
}

function tookSeries(bounds) {
  return [['p50', 0.5, '1'], ['p99', 0.99, '2']].map(([name, q, tone]) => ({
    name,
    tone,
    values: samples.quantiles(q, ({ took }) => took, bounds.took),
  }));
}

function windowSeries() {
  return [
    { name: say('status.in_flight'), tone: '1', values: samples.values('in_flight'), filled: true },
    { name: say('status.waiting'), tone: '2', values: samples.values('waiting') },
    { name: say('status.places'), tone: 'quiet', values: samples.values('window') },
  ];
}

function memorySeries() {
  const server = { name: say('status.server'), tone: '3', values: samples.values('memory_bytes'), filled: true };
  const engines = { name: say('status.engine_processes'), tone: '4', values: samples.values('engine_memory_bytes') };
  return engines.values.some(Boolean) ? [server, engines] : [server];
}

function drawBatches({ bounds }) {
  const sizes = bounds.batches;
  batches ??= new BarChart(element('batches'), {
    names: [...sizes.map((size, index) => (size - (sizes[index - 1] ?? 0) > 1 ? `≤ ${size}` : print(size))), `> ${sizes.at(-1)}`],
    print: (share) => wholePercent.format(share),
    spoken: (size, share) => say('status.spoken_batch', { size, share }),
  });
  const total = samples.total((sample) => sample.batches);
  batches.draw({ counts: [...sizes, null].map((_, index) => total[index] ?? 0) });
}

function draw() {
  const { now_s: to, every_s: everyS, bounds } = last;
  const times = samples.times;
  const spanS = SPANS_S.find((seconds) => !times.length || times[0] >= to - seconds) ?? SPAN_S;
  const ends = [say('status.ago', { time: asDuration(spanS) }), say('status.ago', { time: asDuration(spanS / 2) }), say('status.now')];
  const common = { times, from: to - spanS, to, ends, gapS: 2.5 * everyS };
  const took = tookSeries(bounds);
  charts.images.draw({ ...common, series: imageSeries() });
  charts.requests.draw({
    ...common,
    series: Object.entries(CLASSES)
      .filter(([name]) => name === '2xx' || samples.keys('requests').includes(name))
      .map(([name, tone]) => ({ name, tone, values: samples.rates('requests', name), filled: name === '2xx' })),
  });
  charts.took.draw({ ...common, series: took });
  charts.stages.draw({ ...common, series: stageSeries(bounds) });
  charts.window.draw({ ...common, series: windowSeries() });
  charts.memory.draw({ ...common, series: memorySeries() });
  drawBatches(last);
  showFacts(took);
}

// What it is now

function showFacts([, p99]) {
  const now = samples.list.at(-1);
  const newest = p99.values.at(-1) ?? null;
  element('fact-images').textContent = now ? say('status.rate', { count: print(samples.rates('images', 'ok').at(-1)) }) : '–';
  element('fact-p99').textContent = newest === null ? '–' : asTime(newest);
  element('fact-window').textContent = now ? say('status.of', { count: now.in_flight ?? 0, all: now.window }) : '–';
  element('fact-memory').textContent = now ? asMemory(now.memory_bytes) : '–';
  element('fact-uptime').textContent = asDuration(last.uptime_s);
  element('fact-version').textContent = asText(last.version);
}

function showState(state, words, reason = '') {
  const shown = element('state');
  const changed = element('state-text').textContent !== words;
  shown.dataset.state = state;
  if (changed) {
    element('state-text').textContent = words;
    document.dispatchEvent(new CustomEvent('ask-health'));
  }
  quote(element('reason'), reason);
  element('reason').hidden = !reason;
}

function tell(text, { kind = 'good', details = [] } = {}) {
  element('notice').dataset.kind = kind;
  element('notice').hidden = !text;
  element('notice-text').textContent = text;
  element('notice-details').textContent = details.join('\n');
}

function showEvaluations(evaluations) {
  element('evaluations').hidden = evaluations.length === 0;
  const body = element('evaluation-rows');
  while (body.rows.length > evaluations.length) body.lastElementChild.remove();
  while (body.rows.length < evaluations.length) body.append(element('evaluation').content.firstElementChild.cloneNode(true));
  evaluations.forEach((one, index) => {
    const row = body.rows[index];
    const link = row.querySelector('a');
    link.textContent = one.dataset;
    link.href = address(`evaluate/${encodeURIComponent(one.id)}`);
    row.querySelector('.evaluation-model').textContent = asText(one.model) || say('status.default_model');
    row.querySelector('.evaluation-state').textContent = named('evaluation', EVALUATION_STATES, one.state);
    row.querySelector('.evaluation-images').textContent = say('status.of', { count: one.done, all: one.total ?? '–' });
    row.querySelector('.evaluation-top1').textContent = one.top1 === null ? '–' : percent.format(one.top1);
    row.querySelector('.evaluation-created').textContent = day.format(new Date(one.created));
  });
}

// Shows a reply. The tests give it replies of their own.
export function show(reply) {
  last = reply;
  samples.add(reply.samples, reply.now_s);
  showState(SERVER_STATES[reply.status] ?? 'waiting', SERVER_STATES[reply.status] ? say(`common.server_${reply.status}`) : asText(reply.status), asText(reply.reason));
  element('actions').hidden = !reply.may_change;
  element('drain').hidden = reply.status === 'draining';
  showModels(reply.models, reply.may_change, reload);
  showEvaluations(reply.evaluations);
  draw();
}

// Asking

async function look() {
  clearTimeout(timer);
  if (document.hidden || asking) return;
  asking = true;
  try {
    const reply = await ask(`status?since=${samples.last}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!Array.isArray(reply.samples)) throw notWhole();
    show(reply);
    if (element('notice').dataset.kind === 'unreachable') tell('');
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    if (cause.status === 401) return window.location.reload(); // the server shows where to sign in
    lost(cause);
  } finally {
    asking = false;
    timer = setTimeout(look, last ? last.every_s * 1000 : RETRY_MS); // whatever happened: a page that stops shows old figures as new ones
  }
}

function lost({ status, message, details }) {
  const ended = last?.status === 'draining' && status === 0;
  showState(ended ? 'waiting' : 'failed', ended ? say('status.ended') : say('common.unreachable'));
  element('actions').hidden = true;
  tell(ended ? say('status.ended_text') : message, { kind: 'unreachable', details });
}

// Changing something

async function change(button, path, done) {
  if (button.ariaDisabled === 'true') return;
  button.ariaDisabled = 'true';
  try {
    tell(done(await ask(path, { method: 'POST' })));
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    tell(cause.message, { kind: 'bad', details: cause.details });
  } finally {
    button.ariaDisabled = null;
    look();
  }
}

function reload(name, button) {
  tell(say('status.reloading', { model: name }));
  const path = `admin/models/reload?model=${encodeURIComponent(name)}`;
  return change(button, path, ({ model, version }) => say('status.reloaded', { model, version, time: clock.format() }));
}

element('drain').addEventListener('click', () => element('drain-dialog').showModal());
element('drain-dialog').addEventListener('close', ({ target }) => {
  if (target.returnValue === 'drain') change(element('drain'), 'admin/drain', () => say('status.draining_now'));
  target.returnValue = '';
});
for (const choice of document.querySelectorAll('[name=quantile]')) choice.addEventListener('change', () => last && draw());
document.addEventListener('visibilitychange', look);
look();
