// Numbers as a person reads them, and the scale on which scores are drawn.

export const NOTHING = '–';

export function asMilliseconds(value) {
  if (!Number.isFinite(value)) return NOTHING;
  return `${value < 100 ? value.toFixed(1) : Math.round(value)} ms`;
}

export function asPercentage(share) {
  return share > 0 && share < 0.0005 ? '<0.1%' : `${(share * 100).toFixed(1)}%`;
}

export function asSize(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

// A probability is drawn between 0 and 1; a logit has no fixed range, so the scores shown give it one.
export function scaleFor(scoreType, scores = []) {
  if (scoreType !== 'logit') return { min: 0, max: 1, print: asPercentage, ends: (share) => `${share * 100}%` };
  const print = (score) => score.toFixed(2);
  return { min: Math.min(...scores), max: Math.max(...scores), print, ends: print };
}

export function shareOf(score, { min, max }) {
  return max > min ? Math.min(Math.max((score - min) / (max - min), 0), 1) : 1;
}
