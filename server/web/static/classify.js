// The page: takes photos, asks the server, shows the answers. Each part has a module of its own; this one puts them together.

import { AnswerPanel } from './answer_panel.js';
import { withNames } from './class_names.js';
import { limits, options, pathOf, readInfo, watchOptions } from './classify_options.js';
import { CodePanel } from './code_panel.js';
import { PhotoHistory } from './classify_history.js';
import { ManyPhotos } from './many_photos.js';
import { linkedPhoto } from './linked_photo.js';
import { Refusal, address, ask, signIn } from './server.js';
import { PhotoStage } from './photo_stage.js';
import { watchSources } from './source_controls.js';
import { data, say } from './words.js';

const element = (id) => document.getElementById(id);

const panels = [new AnswerPanel(''), new AnswerPanel('second-')];
const stage = new PhotoStage();
const history = new PhotoHistory(open);
const code = new CodePanel();
const many = new ManyPhotos({ opened: (entry) => open(entry, entry.reply, entry.refusal), settled: showIfPresent, refused: showRefusal });

let photo = null; // the one shown: { file, path }; nothing if only its answer is left
let running = null; // the AbortController of the requests in flight

// One photo

async function classify(panel, model, { signal }) {
  panel.showEmpty('busy', say('classify.classifying'));
  const began = performance.now();
  const headers = { 'Content-Type': photo.file.type || 'application/octet-stream' };
  try {
    const reply = await withNames(await ask(pathOf('classify', model), { method: 'POST', body: photo.file, headers, signal }));
    if (!signal.aborted) panel.showReply(reply, performance.now() - began, options.threshold);
    return reply;
  } catch (cause) {
    if (!(cause instanceof Refusal) && !signal.aborted) throw cause;
    if (!signal.aborted) panel.showRefusal(cause, true);
    return null;
  }
}

function anew() {
  running?.abort();
  running = new AbortController();
  return running;
}

async function question() {
  const asked = photo;
  const control = anew();
  tell(null);
  showCode();
  const [reply] = await Promise.all([classify(panels[0], options.model, control), besides(control)]);
  if (!reply || control.signal.aborted) return;
  tell({ file: asked.file, reply });
  await history.add(asked, reply);
}

function besides(control) {
  return options.second && photo ? classify(panels[1], options.second, control) : null;
}

function showPhoto(shown) {
  photo = shown.file ? shown : null;
  stage.show(shown);
  many.grid.mark(shown);
}

function take(shown) {
  showPhoto(shown);
  question();
}

// A photo with the answer that it has already.
function open(shown, reply, refusal) {
  const control = anew();
  showPhoto(shown);
  tell(reply && photo ? { file: photo.file, reply } : null);
  showCode();
  if (reply) panels[0].showReply(reply, NaN, options.threshold);
  else if (refusal) panels[0].showRefusal(refusal, true);
  else panels[0].showEmpty('busy', say('classify.classifying'));
  besides(control);
  element('stage').scrollIntoView({ block: 'nearest' });
}

function showIfPresent(entry) {
  if (entry === photo) open(entry, entry.reply, entry.refusal);
}

function showCode() {
  const { name, type } = photo?.file ?? { name: 'photo.jpg', type: 'image/jpeg' };
  const url = new URL(address(pathOf('classify')), window.location.href).href;
  code.show({ url, name, type: type || 'application/octet-stream', keyed: data.signed_in !== null, threshold: options.threshold });
}

function showRefusal(refusal) {
  if (!(refusal instanceof Refusal)) throw refusal;
  anew();
  panels[0].showRefusal(refusal, photo !== null);
}

// For the parts of the page that go on with an answer (why.js): the photo and its reply, or nothing.
function tell(answer) {
  document.dispatchEvent(new CustomEvent('answer', { detail: answer }));
}

// What a person gives: one photo, or many, or a link

function takeAll({ photos, left = 0, over = 0, fromFolder = false }) {
  if (photos.length === 0) {
    if (fromFolder) showRefusal(new Refusal(say('classify.no_pictures'), { status: null }));
  } else if (photos.length === 1 && !fromFolder) {
    take(photos[0]);
  } else {
    const [first] = many.add(photos, { left, over });
    open(first);
  }
}

async function takeLink(link) {
  const control = anew();
  panels[0].showEmpty('busy', say('classify.fetching'));
  try {
    const linked = await linkedPhoto(link, control.signal);
    if (!control.signal.aborted) take(linked);
  } catch (cause) {
    if (!control.signal.aborted) showRefusal(cause);
  }
}

function showOptions(kind) {
  element('answers').classList.toggle('two', options.second !== '');
  element('second-result').hidden = options.second === '';
  panels[0].showName(options.second && options.model);
  panels[1].showName(options.second);
  showCode();
  if (kind === 'threshold') panels.forEach((panel) => panel.showThreshold(options.threshold));
  else if (photo) question();
}

async function signedIn(key) {
  try {
    await signIn(key.value);
  } catch (refusal) {
    showRefusal(refusal);
    return;
  }
  key.value = '';
  await readInfo();
  if (many.isStopped) many.goOn();
  if (photo) question();
  else panels[0].showEmpty('idle', say('classify.waiting'));
}

// Wiring

for (const prefix of ['', 'second-']) {
  element(`${prefix}retry`).addEventListener('click', question);
  element(`${prefix}key-form`).addEventListener('submit', (event) => {
    event.preventDefault();
    signedIn(element(`${prefix}key`));
  });
}
watchSources({ takeAll, takeLink, showRefusal, stage });
watchOptions(showOptions);
showCode();
if (data.signed_in !== false) await readInfo(); // else it would only be refused
showCode();
