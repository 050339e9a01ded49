// The state of the server, in the header of every page. It tells the document when the state changes: event "health".

import { asText, readJson, send } from './server.js';
import { say } from './words.js';

const INTERVAL_MS = 15_000;
const health = document.getElementById('health');

async function readHealth() {
  try {
    const response = await send('health/ready');
    const status = asText((await readJson(response)).status);
    return response.ok ? ['ready', say('common.ready')] : ['waiting', status || say('common.not_ready')];
  } catch {
    return ['unreachable', say('common.unreachable')];
  }
}

async function watchHealth() {
  if (document.hidden) return;
  const [status, text] = await readHealth();
  const changed = status !== health.dataset.status;
  health.dataset.status = status;
  document.getElementById('health-text').textContent = text;
  if (changed) document.dispatchEvent(new CustomEvent('health', { detail: status }));
}

watchHealth();
setInterval(watchHealth, INTERVAL_MS);
document.addEventListener('visibilitychange', watchHealth);
document.addEventListener('ask-health', watchHealth); // a page has seen that it changed
