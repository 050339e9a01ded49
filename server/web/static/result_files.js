// Answers as files. CSV has the columns of `ascend-classify classify --csv`: a row for each class, or one for a refusal.

import { asText } from './server.js';

const COLUMNS = ['image', 'rank', 'class_id', 'label', 'score', 'error', 'code'];

// A text as a cell (RFC 4180). A spreadsheet would calculate what begins like a formula; with an apostrophe before it, it is text.
function cell(value) {
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function rowsOf({ path, reply, refusal }) {
  if (refusal) return [[path, '', '', '', '', refusal.original, refusal.code]];
  return reply.predictions.map((one, index) => [path, index + 1, one.class_id, asText(one.label), one.score, '', '']);
}

export function asCsv(entries) {
  return [COLUMNS, ...entries.flatMap(rowsOf)].map((row) => `${row.map(cell).join(',')}\n`).join('');
}

export function asJson(entries) {
  const told = entries.map(({ path, reply, refusal }) => ({ image: path, ...(reply ?? { error: refusal.original, code: refusal.code }) }));
  return `${JSON.stringify(told, null, 1)}\n`;
}

export function download(name, type, text) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser reads it after the click
}
