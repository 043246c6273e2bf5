// Requests of our own to this school's server, with its CSRF token. A session that was unlocked or
// logged in again has a new token: it is put everywhere the page holds the old one.

const meta = () => document.querySelector('meta[name="csrf-token"]');

export const csrfToken = () => meta()?.content ?? '';

export function useToken(token) {
  if (!token || token === csrfToken()) return;
  meta().content = token;
  for (const input of document.querySelectorAll('input[name="csrf_token"]')) input.value = token;
  document.body.setAttribute('hx-headers', JSON.stringify({ 'X-CSRF-Token': token }));
}

// Resolves to {status, data}; status 0 means that no answer came (no connection).
export async function send(method, address, { json, form, keepalive = false, signal, timeout = 15000 } = {}) {
  const headers = { 'X-CSRF-Token': csrfToken(), Accept: 'application/json' };
  let body;
  if (json !== undefined) {
    headers['Content-Type'] = 'application/json';
    body = JSON.stringify(json);
  } else if (form) {
    body = new URLSearchParams(new FormData(form));
  }
  const clock = AbortSignal.timeout(timeout);
  try {
    const answer = await fetch(address, {
      method, headers, body, keepalive, credentials: 'same-origin', redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, clock]) : clock,
    });
    // A redirect can only be one to the log-in page: the session is over.
    if (answer.type === 'opaqueredirect') return { status: 401, data: null };
    const isJson = answer.headers.get('Content-Type')?.includes('json');
    return { status: answer.status, data: isJson ? await answer.json() : null };
  } catch {
    return { status: 0, data: null };
  }
}

// How the session stands: 'good', also after logging in again in another tab; 'locked'; 'ended', or another
// person's; 'unknown' where no answer came.
let withoutKey = false;
export async function standing() {
  const { status, data } = await send('GET', '/session/token');
  if (status === 423) return 'locked';
  if (status === 401) return 'ended';
  if (status !== 200 || !data) return 'unknown';
  if (data.user !== document.body.dataset.user) return 'ended';
  useToken(data.csrf_token);
  withoutKey = 'elevated' in document.body.dataset && !data.elevated;
  return 'good';
}

// Whether the session was good when asked last, and has no key while this page's had one.
export const lacksKey = () => withoutKey;

// Has the page covered (idle.js) where the server said that the session is locked (423) or has ended (401).
export function coverFor(status) {
  const how = { 423: 'locked', 401: 'ended' }[status];
  if (how) document.dispatchEvent(new CustomEvent('session:over', { detail: how }));
}
