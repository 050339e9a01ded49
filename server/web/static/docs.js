// The page of the routes: Swagger UI, which asks the server at the path where this page lies, whatever a proxy puts before it.

/* global SwaggerUIBundle */

import { Refusal, ask } from './server.js';

try {
  const spec = await ask('openapi.json', { cache: 'default' });
  spec.servers = [{ url: new URL('.', window.location.href).href.replace(/\/$/, '') }];
  SwaggerUIBundle({
    spec,
    dom_id: '#swagger-ui',
    deepLinking: true,
    syntaxHighlight: false, // a report has thousands of lines, and colours would hold the browser for a minute
    presets: [SwaggerUIBundle.presets.apis],
  });
} catch (cause) {
  if (!(cause instanceof Refusal)) throw cause;
  document.getElementById('swagger-ui').textContent = [cause.message, ...cause.details].join('\n');
}
