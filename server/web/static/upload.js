// Sends a form and tells how much of it has left: fetch cannot do that, so this is XMLHttpRequest, with the answers of server.js.

import { address, asText, noAnswer, refusalOf } from './server.js';

async function answer(request) {
  const body = request.response !== null && typeof request.response === 'object' ? request.response : {};
  if (request.status >= 200 && request.status < 300) return body;
  throw await refusalOf(body, {
    status: request.status,
    requestId: asText(body.request_id),
    retryAfter: request.getResponseHeader('Retry-After') ?? '',
  });
}

// The JSON of the answer; throws Refusal, and an AbortError when the signal says so.
export function upload(path, form, { signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', address(path));
    request.responseType = 'json';
    request.setRequestHeader('Accept', 'application/json');
    request.upload.addEventListener('progress', (event) => onProgress(event.loaded, event.total));
    request.addEventListener('load', () => resolve(answer(request)));
    request.addEventListener('error', () => resolve(noAnswer(form).then((refusal) => { throw refusal; })));
    request.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
    signal.addEventListener('abort', () => request.abort());
    request.send(form);
  });
}
