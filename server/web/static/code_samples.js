// The question of the page as a program that works as it stands: curl, Python or JavaScript (Node), with what each brings along.
// The key is never written into it: a program takes it from the variable API_KEY of its environment.

const inShell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const inProgram = JSON.stringify; // a string of Python and of JavaScript too

function curl({ url, name, type, keyed }) {
  const key = keyed ? ' -H "X-Api-Key: $API_KEY"' : '';
  return `curl --data-binary ${inShell(`@${name}`)} -H ${inShell(`Content-Type: ${type}`)}${key} ${inShell(url)}`;
}

function python({ url, name, type, keyed, threshold }) {
  const key = keyed ? ', "X-Api-Key": os.environ["API_KEY"]' : '';
  const filter = threshold > 0 ? [`        if one["score"] >= ${threshold}:`, '    '] : ['', ''];
  return [
    'import json',
    ...(keyed ? ['import os'] : []),
    'from pathlib import Path',
    'from urllib.request import Request, urlopen',
    '',
    `photo = Path(${inProgram(name)}).read_bytes()`,
    `headers = {"Content-Type": ${inProgram(type)}${key}}`,
    `with urlopen(Request(${inProgram(url)}, photo, headers)) as reply:`,
    '    for one in json.load(reply)["predictions"]:',
    ...(filter[0] ? [filter[0]] : []),
    `        ${filter[1]}print(f"{one['score']:.4f}  {one['label']}")`,
  ].join('\n');
}

function javascript({ url, name, type, keyed, threshold }) {
  const key = keyed ? ", 'X-Api-Key': process.env.API_KEY" : '';
  const filter = threshold > 0 ? `.filter((one) => one.score >= ${threshold})` : '';
  return [
    "import { readFile } from 'node:fs/promises';",
    '',
    `const body = await readFile(${inProgram(name)});`,
    `const headers = { 'Content-Type': ${inProgram(type)}${key} };`,
    `const reply = await fetch(${inProgram(url)}, { method: 'POST', body, headers });`,
    'const { predictions } = await reply.json();',
    `for (const one of predictions${filter}) console.log(one.score.toFixed(4), one.label);`,
  ].join('\n');
}

export const SAMPLES = { curl, python, javascript };
