// The list of evaluations: sorted by a click, drawn again while something runs. And the form that starts one.

import { wireStart } from './evaluation_start.js';
import { drawnNow, replacePart } from './page_parts.js';
import { makeSortable, sortAgain } from './sorted_table.js';
import { say } from './words.js';

const INTERVAL_MS = 2000;
const table = document.getElementById('evaluations');
const ACTIVE = '[data-state="queued"], [data-state="running"]';

async function renew() {
  if (document.hidden || !table.tBodies[0].querySelector(ACTIVE)) return;
  const drawn = await drawnNow('evaluate').catch(() => null); // the header says when the server is away
  if (!drawn) return;
  const there = new Map([...drawn.querySelectorAll('#rows > tr')].map((row) => [row.id, row]));
  const here = new Set([...table.tBodies[0].rows].map((row) => row.id));
  for (const row of [...table.tBodies[0].rows]) {
    if (there.has(row.id)) replacePart(row.id, drawn);
    else row.remove();
  }
  table.tBodies[0].prepend(...[...there.values()].filter((row) => !here.has(row.id)));
  sortAgain(table);
}

makeSortable(table, (name) => say('evaluations.sort_by', { name }));
wireStart();
setInterval(renew, INTERVAL_MS);
document.addEventListener('visibilitychange', renew);
