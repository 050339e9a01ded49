// The form that starts an evaluation: of a folder of the server, or of an archive, which may be dropped anywhere on the page.

import { Refusal, address, ask } from './server.js';
import { hideRefusal, showRefusal } from './refusal_notice.js';
import { upload } from './upload.js';
import { data, say } from './words.js';

const element = (id) => document.getElementById(id);
const form = element('start');
let archive = null; // the File that was chosen or dropped
let running = null; // the AbortController of the upload

function asSize(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function showSource() {
  const ofServer = form.elements.source.value === 'server';
  element('of-server').hidden = !ofServer;
  element('of-archive').hidden = ofServer;
}

function showFolders() {
  element('folders').replaceChildren(...(data.sets[form.elements.root.value] ?? []).map((name) => {
    const option = document.createElement('option');
    option.value = name;
    return option;
  }));
}

// The fields that both kinds have, as POST /evaluate names them; what was left empty is not sent.
function common() {
  const { model, limit, top_k: topK, labels, map } = form.elements;
  const wanted = { model: model.value, labels: labels.value.trim(), map: map.value.trim() };
  for (const [name, field] of [['limit', limit], ['top_k', topK]]) {
    if (field.value !== '') wanted[name] = field.valueAsNumber;
  }
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== ''));
}

function fromServer() {
  const below = form.elements.below.value.trim().replace(/^\/+|\/+$/g, '');
  const dataset = [form.elements.root.value, below].filter(Boolean).join('/');
  element('start-status').textContent = say('evaluations.starting');
  return ask('evaluate', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ dataset, ...common() }),
  });
}

function fromArchive(signal) {
  if (!archive) throw new Refusal(say('evaluations.no_archive'), { status: null });
  const body = new FormData();
  const inside = form.elements.inside.value.trim();
  if (inside) body.append('dataset', inside);
  Object.entries(common()).forEach(([name, value]) => body.append(name, value));
  body.append('archive', archive, archive.name);
  element('sent').hidden = element('stop-upload').hidden = false;
  return upload('evaluate', body, { signal, onProgress: showSent });
}

function showSent(sent, total) {
  element('sent').value = total ? sent / total : 0;
  const words = sent < total ? say('evaluations.uploading', { sent: asSize(sent), total: asSize(total) }) : say('evaluations.unpacking');
  element('start-status').textContent = words;
}

async function start(event) {
  event.preventDefault();
  if (running) return;
  hideRefusal();
  running = new AbortController();
  element('begin').disabled = true;
  try {
    const made = await (form.elements.source.value === 'server' ? fromServer() : fromArchive(running.signal));
    window.location.assign(address(`evaluate/${encodeURIComponent(made.id)}`));
  } catch (cause) {
    if (cause instanceof Refusal) showRefusal(cause);
    else if (cause.name !== 'AbortError') throw cause;
  } finally {
    running = null;
    element('begin').disabled = false;
    element('sent').hidden = element('stop-upload').hidden = true;
    element('start-status').textContent = '';
  }
}

function take(files) {
  if (files.length === 0 || running) return;
  hideRefusal();
  if (files.length > 1) return showRefusal(new Refusal(say('evaluations.several'), { status: null }));
  [archive] = files;
  element('archive-name').textContent = `${archive.name}, ${asSize(archive.size)}`;
  form.elements.source.value = 'archive';
  showSource();
}

export function wireStart() {
  form.addEventListener('submit', start);
  form.addEventListener('change', showSource);
  form.elements.root.addEventListener('change', showFolders);
  element('stop-upload').addEventListener('click', () => running?.abort());
  element('archive').addEventListener('change', ({ target }) => {
    take(target.files);
    target.value = '';
  });
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    document.body.classList.add('dragging');
  });
  document.addEventListener('dragleave', (event) => event.relatedTarget ?? document.body.classList.remove('dragging'));
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    document.body.classList.remove('dragging');
    take(event.dataTransfer.files);
    if (event.dataTransfer.files.length) element('start').scrollIntoView({ block: 'nearest' });
  });
  showSource(); // a browser that comes back keeps what was chosen
  showFolders();
}
