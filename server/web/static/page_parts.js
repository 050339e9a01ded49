// Parts of this page as the server draws them now, put in the place of those that are here. The server has made text of all that people choose.

import { showLocalTimes } from './local_times.js';
import { send } from './server.js';

// The page at a path. What was asked for with the keyboard stays: a part that has not changed is not touched.
export async function drawnNow(path) {
  const response = await send(path, { headers: { Accept: 'text/html' } });
  if (!response.ok) return null;
  const drawn = new DOMParser().parseFromString(await response.text(), 'text/html');
  showLocalTimes(drawn);
  return drawn;
}

export function replacePart(id, drawn) {
  const here = document.getElementById(id);
  const there = drawn.getElementById(id);
  if (!here || !there || here.outerHTML === there.outerHTML) return;
  const focused = here.contains(document.activeElement);
  here.replaceWith(there);
  if (focused) (there.querySelector('a, button, input') ?? document.getElementById('main')).focus();
}
