// The ways to give photos to the page: dialog, folder, drop, clipboard, link, camera, examples.

import { Camera, hasCamera } from './camera.js';
import { droppedPhotos, linkIn, pastedPhotos, photoOf, picturesOf } from './photo_sources.js';
import { Refusal, got, readBlob } from './server.js';
import { say } from './words.js';

const element = (id) => document.getElementById(id);

// `takeAll({ photos, left, over, fromFolder })`, `takeLink(address)`, `showRefusal(refusal)` take what comes.
export function watchSources({ takeAll, takeLink, showRefusal, stage }) {
  watchDialogs(takeAll);
  watchDrops(takeAll, takeLink, showRefusal);
  watchClipboard(takeAll, takeLink);
  watchLinks(takeLink);
  watchExamples(takeAll, showRefusal);
  watchCamera(takeAll, showRefusal, stage);
}

function watchDialogs(takeAll) {
  const read = (id, photosOf) => element(id).addEventListener('change', ({ target }) => {
    takeAll(photosOf([...target.files].map((file) => photoOf(file))));
    target.value = ''; // so that the choice of the same file is a change too
  });
  read('file', (photos) => ({ photos }));
  read('folder', (photos) => ({ ...picturesOf(photos), fromFolder: photos.length > 0 }));
  element('folder-way').hidden = !('webkitdirectory' in element('folder'));
}

function watchDrops(takeAll, takeLink, showRefusal) {
  const mark = (on) => document.body.classList.toggle('dragging', on);
  document.addEventListener('dragover', (event) => {
    event.preventDefault(); // also outside the stage: a photo dropped there must not replace the page
    mark(true);
  });
  document.addEventListener('dragleave', (event) => event.relatedTarget ?? mark(false));
  document.addEventListener('drop', async (event) => {
    event.preventDefault();
    mark(false);
    const link = linkIn(event.dataTransfer);
    if (event.dataTransfer.files.length > 0) takeAll(await droppedPhotos(event.dataTransfer));
    else if (link) takeLink(link);
    else showRefusal(new Refusal(say('classify.nothing_dropped'), { status: null }));
  });
}

function watchClipboard(takeAll, takeLink) {
  document.addEventListener('paste', (event) => {
    if (event.clipboardData.files.length > 0) return takeAll({ photos: pastedPhotos(event.clipboardData) });
    const link = linkIn(event.clipboardData);
    if (link && !event.target.closest?.('input')) takeLink(link);
  });
}

function watchLinks(takeLink) {
  element('link').addEventListener('click', () => {
    const form = element('link-form');
    form.hidden = !form.hidden;
    element('link').ariaExpanded = String(!form.hidden);
    if (!form.hidden) element('link-address').focus();
  });
  element('link-form').addEventListener('submit', (event) => {
    event.preventDefault();
    takeLink(element('link-address').value.trim());
  });
}

function watchExamples(takeAll, showRefusal) {
  element('examples').addEventListener('click', async ({ target }) => {
    const name = target.closest('button')?.dataset.name;
    if (!name) return;
    try {
      const response = await got(`web/examples/${name}`, { cache: 'default' });
      takeAll({ photos: [photoOf(new File([await readBlob(response)], name, { type: 'image/jpeg' }))] });
    } catch (cause) {
      showRefusal(cause);
    }
  });
}

function watchCamera(takeAll, showRefusal, stage) {
  const camera = new Camera(element('viewfinder'));
  const show = (on) => {
    stage.showCamera(on);
    element('camera-bar').hidden = !on;
    element('caption').hidden = on;
    element(on ? 'shoot' : 'camera').focus();
  };
  const stop = () => {
    camera.stop();
    show(false);
  };
  element('camera').hidden = !hasCamera;
  element('camera').addEventListener('click', async () => {
    if (camera.on) return stop();
    try {
      await camera.start();
      show(true);
    } catch (cause) {
      showRefusal(cause);
    }
  });
  element('stop-camera').addEventListener('click', stop);
  element('shoot').addEventListener('click', async () => {
    const photo = await camera.shoot();
    stop();
    takeAll({ photos: [photo] });
  });
  element('stage').addEventListener('click', (event) => {
    if (camera.on) event.preventDefault(); // it is the label of the file dialog
  });
  window.addEventListener('pagehide', () => camera.stop());
}
