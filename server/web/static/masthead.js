// The state of the server, in the header of every page. It tells the document when the state changes: event "health".

import { readJson, send } from './server.js';
import { say } from './words.js';

const INTERVAL_MS = 15_000;
const STATES = ['ready', 'starting', 'draining', 'unhealthy', 'failed'];
const health = document.getElementById('health');

async function readHealth() {
  try {
    const response = await send('health/ready');
    const { status } = await readJson(response);
    if (STATES.includes(status)) return [status === 'ready' ? status : 'waiting', say(`common.server_${status}`)];
    if (!response.ok) return ['waiting', say('common.not_ready')];
  } catch {
    // said below
  }
  return ['unreachable', say('common.unreachable')]; // also when a proxy answers in its place
}

async function watchHealth() {
  if (document.hidden) return;
  const [status, text] = await readHealth();
  const changed = status !== health.dataset.status;
  health.dataset.status = status;
  document.getElementById('health-text').textContent = text;
  if (changed) document.dispatchEvent(new CustomEvent('health', { detail: status }));
}

// Who signs out leaves no photos to the next person at this browser (classify_history.js).
document.querySelector('form[action$="sign-out"]')?.addEventListener('submit', () => window.sessionStorage.clear());

watchHealth();
setInterval(watchHealth, INTERVAL_MS);
document.addEventListener('visibilitychange', watchHealth);
document.addEventListener('ask-health', watchHealth); // a page has seen that it changed
