// Talking to the server. Who has signed in sends a cookie, which no script can read.

import { language, say } from './words.js';

// The root of the server, seen from this page, so that a proxy may add a path.
const UP = document.body.dataset.up;

// What each error code says in the language of the page, where that is not the server's own.
const CATALOGUE = { 'zh-CN': 'web/errors.zh.json' }[language];
let catalogue = null; // a promise, once the first code was met

// The reason for a missing answer. Status 0: the server did not reply; null: another try cannot help.
// `message` is in the language of the page; `original` is what the server said.
export class Refusal extends Error {
  constructor(message, { status = 0, code = '', requestId = '', retryAfter = '', original = message } = {}) {
    super(message);
    Object.assign(this, { status, code, requestId, retryAfter, original });
  }

  // What a person needs to report it: lines.
  get details() {
    const { message, original, status, code, retryAfter, requestId } = this;
    return [
      original !== message && original,
      code && [status, code].filter(Boolean).join(' '),
      retryAfter && say('common.retry_after', { seconds: retryAfter }),
      requestId && say('common.request', { id: requestId }),
    ].filter(Boolean);
  }
}

export function address(path) {
  return `${UP}${path}`;
}

// The answer at a path, whatever its status; throws Refusal without one.
export async function send(path, options = {}) {
  try {
    return await fetch(address(path), { cache: 'no-store', ...options });
  } catch (cause) {
    throw cause.name === 'AbortError' ? cause : await noAnswer(options.body);
  }
}

async function isReadable(value) {
  try {
    if (value instanceof Blob) await value.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

// Why a request with this body has no answer: a file that was moved, changed, or is a folder never left the browser.
export async function noAnswer(body) {
  const read = await Promise.all((body instanceof FormData ? [...body.values()] : [body]).map(isReadable));
  return read.every(Boolean) ? new Refusal(say('common.no_answer')) : new Refusal(say('common.not_sent'), { status: null });
}

async function jsonIn(response) {
  try {
    const body = await response.json();
    return body !== null && typeof body === 'object' ? body : null;
  } catch (cause) {
    if (cause.name === 'AbortError') throw cause;
    return null;
  }
}

export async function readJson(response) {
  return (await jsonIn(response)) ?? {};
}

// The bytes of an answer; throws Refusal if the connection ends before it is whole.
export async function readBlob(response) {
  try {
    return await response.blob();
  } catch (cause) {
    throw cause.name === 'AbortError' ? cause : notWhole();
  }
}

// A 200 may come from a proxy, with a page for people, or end in its middle.
export function notWhole() {
  return new Refusal(say('common.not_whole'));
}

async function fetchCatalogue() {
  const response = await send(CATALOGUE, { cache: 'default' }).catch(() => null);
  if (response?.ok) return readJson(response);
  catalogue = null; // the next refusal asks again
  return {};
}

// What happened and what to do, in the language of the page; empty where the server's own words must do.
async function explained(code) {
  if (!CATALOGUE || !code) return '';
  const { what, remedy } = (await (catalogue ??= fetchCatalogue()))[code] ?? {};
  return what ? `${what}${remedy}` : '';
}

// The refusal that a body tells of: that of an answer, or of one image of a batch.
export async function refusalOf(body, { status = null, ...rest } = {}) {
  const code = asText(body.code);
  const original = asText(body.error) || say('common.no_message', { status });
  return new Refusal((await explained(code)) || original, { status, code, original, ...rest });
}

// The answer at a path; throws Refusal also for one that refuses.
export async function got(path, options = {}) {
  const response = await send(path, options);
  if (response.ok) return response;
  const body = await readJson(response);
  throw await refusalOf(body, {
    status: response.status,
    requestId: asText(body.request_id) || (response.headers.get('X-Request-Id') ?? ''),
    retryAfter: response.headers.get('Retry-After') ?? '',
  });
}

// The JSON at a path; throws Refusal, also where there is none.
export async function ask(path, options = {}) {
  const body = await jsonIn(await got(path, { ...options, headers: { Accept: 'application/json', ...options.headers } }));
  if (body === null) throw notWhole();
  return body;
}

// Throws Refusal if the key is wrong.
export async function signIn(key) {
  await got('sign-in', { method: 'POST', headers: { Accept: 'application/json' }, body: new URLSearchParams({ key }) });
}

export function asText(value) {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
