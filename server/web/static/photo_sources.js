// Photos from a dialog, a drop or the clipboard, as { file, path }; a folder gives all its pictures, those of its folders too.

import { say } from './words.js';

export const MOST = 5000; // cards that a page can hold and stay quick
const PICTURE = /\.(jpe?g|jpe|jfif|jif|png|webp|bmp|dib|gif|tiff?|heic|heif|avif|jxl|jp2)$/i; // as server/images/picture_files.py

export function photoOf(file, path = '') {
  return { file, path: path || file.webkitRelativePath || file.name };
}

function isPicture(path) {
  return PICTURE.test(path) && !path.split('/').some((part) => part.startsWith('.'));
}

// Of a folder only pictures are meant, and the first MOST. `left` counts the other files, `over` the pictures after those.
export function picturesOf(files) {
  const pictures = files.filter(({ path }) => isPicture(path));
  const photos = pictures.slice(0, MOST);
  return { photos, left: files.length - pictures.length, over: pictures.length - photos.length };
}

const fileOf = (entry) => new Promise((resolve, reject) => { entry.file(resolve, reject); });
const someOf = (reader) => new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });

// The same of all below an entry. Where the name is enough the file is not opened, which is ten times as fast.
async function walk(entry, found) {
  const path = entry.fullPath.replace(/^\//, '');
  if (entry.isFile && !isPicture(path)) found.left += 1;
  else if (entry.isFile && found.photos.length === MOST) found.over += 1;
  else await open(entry, path, found).catch(() => { found.left += 1; }); // the browser cannot read it
}

async function open(entry, path, found) {
  if (entry.isFile) {
    found.photos.push(photoOf(await fileOf(entry), path));
    return;
  }
  const reader = entry.createReader();
  for (let some = await someOf(reader); some.length > 0; some = await someOf(reader)) { // it gives a hundred at a time
    for (const inner of some) await walk(inner, found);
  }
}

// What was dropped: { photos, left, over, fromFolder }. The entries are taken at once, since a transfer is empty after its event.
export async function droppedPhotos(transfer) {
  const files = [...transfer.files];
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return { photos: files.map((file) => photoOf(file)), fromFolder: false };
  const found = { photos: [], left: 0, over: 0, fromFolder: true };
  for (const entry of entries) await walk(entry, found);
  return found;
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
