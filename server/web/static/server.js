// Talking to the server. Who has signed in sends a cookie, which no script can read.

import { say } from './words.js';

// The root of the server, seen from this page, so that a proxy may add a path.
const UP = document.body.dataset.up;

// The reason for a missing answer. Status 0: the server did not reply; null: another try cannot help.
export class Refusal extends Error {
  constructor(message, { status = 0, code = '', requestId = '', retryAfter = '' } = {}) {
    super(message);
    Object.assign(this, { status, code, requestId, retryAfter });
  }

  // What a person needs to report it: lines.
  get details() {
    const { status, code, retryAfter, requestId } = this;
    return [
      code && [status, code].filter(Boolean).join(' '),
      retryAfter && say('common.retry_after', { seconds: retryAfter }),
      requestId && say('common.request', { id: requestId }),
    ].filter(Boolean);
  }
}

export function address(path) {
  return `${UP}${path}`;
}

export async function send(path, options = {}) {
  try {
    return await fetch(address(path), { cache: 'no-store', ...options });
  } catch (cause) {
    throw cause.name === 'AbortError' ? cause : new Refusal(say('common.no_answer'));
  }
}

export async function readJson(response) {
  try {
    const body = await response.json();
    return body !== null && typeof body === 'object' ? body : {};
  } catch (cause) {
    if (cause.name === 'AbortError') throw cause;
    return {};
  }
}

// The JSON at a path; throws Refusal.
export async function ask(path, options = {}) {
  const response = await send(path, { ...options, headers: { Accept: 'application/json', ...options.headers } });
  const body = await readJson(response);
  if (response.ok) return body;
  throw new Refusal(asText(body.error) || say('common.no_message', { status: response.status }), {
    status: response.status,
    code: asText(body.code),
    requestId: asText(body.request_id) || (response.headers.get('X-Request-Id') ?? ''),
    retryAfter: response.headers.get('Retry-After') ?? '',
  });
}

// Throws Refusal if the key is wrong.
export async function signIn(key) {
  await ask('sign-in', { method: 'POST', body: new URLSearchParams({ key }) });
}

export function asText(value) {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
