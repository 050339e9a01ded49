// Photos from a dialog, a drop or the clipboard, as { file, path }; a folder gives all its pictures, those of its folders too.

import { say } from './words.js';

const MOST = 5000; // cards that a page can hold and stay quick
const PICTURE = /\.(jpe?g|png|webp|bmp|heic|heif|avif)$/i;

export function photoOf(file, path = '') {
  return { file, path: path || file.webkitRelativePath || file.name };
}

function isPicture({ file, path }) {
  const hidden = path.split('/').some((part) => part.startsWith('.'));
  return !hidden && (file.type.startsWith('image/') || PICTURE.test(path));
}

// Of a folder only pictures are meant. `left` counts the rest.
export function picturesOf(photos) {
  const pictures = photos.filter(isPicture).slice(0, MOST);
  return { photos: pictures, left: photos.length - pictures.length };
}

const fileOf = (entry) => new Promise((resolve, reject) => { entry.file(resolve, reject); });
const someOf = (reader) => new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });

async function walk(entry, found) {
  if (found.length > MOST) return;
  if (entry.isFile) {
    found.push(photoOf(await fileOf(entry), entry.fullPath.replace(/^\//, '')));
    return;
  }
  const reader = entry.createReader();
  for (let some = await someOf(reader); some.length > 0; some = await someOf(reader)) { // it gives a hundred at a time
    for (const inner of some) await walk(inner, found);
  }
}

// What was dropped: { photos, left, fromFolder }. The entries are taken at once, since a transfer is empty after its event.
export async function droppedPhotos(transfer) {
  const files = [...transfer.files];
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return { photos: files.map((file) => photoOf(file)), left: 0, fromFolder: false };
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return { ...picturesOf(found), fromFolder: true };
}

// A pasted picture is called image.png by every browser.
export function pastedPhotos(transfer) {
  return [...transfer.files].map((file) => photoOf(file, file.name === 'image.png' ? say('classify.pasted') : ''));
}

// The address of a link that was dropped, or pasted as text; or nothing.
export function linkIn(transfer) {
  const listed = transfer.getData('text/uri-list').split(/\r?\n/).find((line) => line && !line.startsWith('#'));
  const text = transfer.getData('text/plain').trim();
  return listed ?? (/^https?:\S+$/i.test(text) ? text : '');
}
