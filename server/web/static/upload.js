// Sends a form and tells how much of it has left: fetch cannot do that, so this is XMLHttpRequest, with the answers of server.js.

import { Refusal, address, asText } from './server.js';
import { say } from './words.js';

function answer(request) {
  const body = request.response !== null && typeof request.response === 'object' ? request.response : {};
  if (request.status >= 200 && request.status < 300) return body;
  throw new Refusal(asText(body.error) || say('common.no_message', { status: request.status }), {
    status: request.status,
    code: asText(body.code),
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
    request.addEventListener('load', () => {
      try {
        resolve(answer(request));
      } catch (refusal) {
        reject(refusal);
      }
    });
    request.addEventListener('error', () => reject(new Refusal(say('common.no_answer'))));
    request.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
    signal.addEventListener('abort', () => request.abort());
    request.send(form);
  });
}
