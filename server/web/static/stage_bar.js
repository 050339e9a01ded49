// Where the time of a request went: one stacked bar, and the same as a list with figures.

import { asMilliseconds } from './figures.js';
import { say } from './words.js';

const STAGES = ['read', 'queue', 'decode', 'resize', 'crop', 'infer', 'postprocess', 'serialize', 'stream'];

// The stages of `timing_ms` in the order of the work; what no stage accounts for comes last, as `rest`.
function stagesOf({ total, ...stages }) {
  const known = STAGES.filter((name) => stages[name] >= 0);
  const others = Object.keys(stages).filter((name) => !STAGES.includes(name) && stages[name] >= 0);
  const found = [...known, ...others].map((name) => ({ name, ms: stages[name] }));
  const rest = total - found.reduce((sum, one) => sum + one.ms, 0);
  return rest > 0 ? [...found, { name: 'rest', ms: rest }] : found;
}

function nameOf(stage) {
  return [...STAGES, 'rest'].includes(stage) ? say(`classify.stage_${stage}`) : stage; // of a hand-written pipeline
}

export function showStages(timing, timingMs) {
  const stages = stagesOf(timingMs);
  timing.hidden = stages.length === 0;
  timing.querySelector('.stage-bar').replaceChildren(...stages.map(segment));
  timing.querySelector('.stage-legend').replaceChildren(...stages.map(entry));
}

function segment({ name, ms }) {
  const made = document.createElement('span');
  made.className = 'segment';
  made.dataset.stage = name;
  made.style.setProperty('--ms', String(ms));
  return made;
}

function entry({ name, ms }) {
  const made = document.createElement('li');
  made.dataset.stage = name;
  const [word, figure] = [document.createElement('span'), document.createElement('span')];
  word.textContent = nameOf(name);
  figure.textContent = asMilliseconds(ms);
  figure.className = 'figure';
  made.append(word, figure);
  return made;
}
