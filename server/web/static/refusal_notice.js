// What the server refused, in its own words, below what was asked for.

export function hideRefusal() {
  document.getElementById('refusal').hidden = true;
}

export function showRefusal({ message, details = [] }) {
  document.getElementById('refusal-text').textContent = message;
  document.getElementById('refusal-details').textContent = details.join('\n');
  const notice = document.getElementById('refusal');
  notice.hidden = false;
  notice.scrollIntoView({ block: 'nearest' }); // below a long form it is out of sight
}
