// A photo behind a link. The browser fetches it and not the server, which so cannot be sent into the network that it stands in.

import { Refusal, readBlob } from './server.js';
import { photoOf } from './photo_sources.js';
import { say } from './words.js';

function refuse(word, values) {
  return new Refusal(say(word, values), { status: null });
}

function parsed(address) {
  try {
    const url = new URL(address);
    if (url.protocol === 'https:' || url.protocol === 'http:') return url;
  } catch {
    // said below
  }
  throw refuse('classify.link_kind', { link: address.slice(0, 80) });
}

// Throws Refusal: a site lets other pages read its files, or not (CORS, the Fetch standard), and a browser does not tell more.
export async function linkedPhoto(address, signal) {
  const url = parsed(address);
  const host = url.host;
  let response;
  try {
    response = await fetch(url, { mode: 'cors', credentials: 'omit', referrerPolicy: 'no-referrer', signal });
  } catch (cause) {
    if (cause.name === 'AbortError') throw cause;
    const mixed = window.location.protocol === 'https:' && url.protocol === 'http:';
    throw refuse(mixed ? 'classify.link_mixed' : 'classify.link_closed', { host });
  }
  if (!response.ok) throw refuse('classify.link_status', { host, status: response.status });
  const type = (response.headers.get('Content-Type') ?? '').split(';')[0];
  if (type.startsWith('text/')) throw refuse('classify.link_page', { host, type });
  const name = readable(url.pathname.split('/').pop()) || host;
  return photoOf(new File([await readBlob(response)], name, { type }));
}

function readable(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
