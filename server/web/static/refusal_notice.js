// What the server refused, in its own words, below what was asked for.

export function hideRefusal() {
  document.getElementById('refusal').hidden = true;
}

export function showRefusal({ message, details = [] }) {
  document.getElementById('refusal-text').textContent = message;
  document.getElementById('refusal-details').textContent = details.join('\n');
  document.getElementById('refusal').hidden = false;
}
