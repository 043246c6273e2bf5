// form[data-draft="ADDRESS"]: what is typed is kept on the server, for its author only, two seconds after
// the last change, when the page is left and when it is covered. PUT to that address with
// {"fields": [[name, value], ...], "submission": "..."}. Files and the CSRF token are left out.
// Nothing is put into the browser's storage: school computers are shared.

import { each, say } from './each.js';
import { coverFor, send, standing } from './http.js';

const WAIT = 2000;
const RETRY = [5000, 15_000, 60_000];
const LEFT_OUT = new Set(['csrf_token', 'submission', 'draft', 'training']);

each('form[data-draft]', (form) => {
  const state = form.querySelector('[data-draft-state]');
  const address = form.dataset.draft;
  let saved = JSON.stringify(read());
  let timer = null;
  let running = null;
  let tries = 0;
  let submitted = false;

  function read() {
    return [...new FormData(form)].filter(([name, value]) => typeof value === 'string' && !LEFT_OUT.has(name));
  }
  const changed = () => JSON.stringify(read()) !== saved;

  function tell(text, how) {
    if (!state) return;
    state.dataset.state = how;
    say(state, text);
  }

  async function save({ leaving = false } = {}) {
    clearTimeout(timer);
    if (submitted || !changed()) return;
    const fields = read();
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    const json = { fields, submission: form.elements.submission?.value ?? null };
    let answer = await send('PUT', address, { json, keepalive: leaving, signal });
    if (signal.aborted) return;
    if ([400, 401, 403].includes(answer.status) && await standing() === 'good') answer = await send('PUT', address, { json, signal });
    if (signal.aborted) return;

    if (answer.status >= 200 && answer.status < 300) {
      saved = JSON.stringify(fields);
      tries = 0;
      const time = new Date().toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
      tell(`Draft saved ${time}`, 'saved');
    } else if ([400, 401, 403, 404].includes(answer.status)) {
      tell('Not saved: you are logged out. Your text is still here. Leave this page open, log in in a new tab, then go on typing here.', 'failed');
      later(RETRY.at(-1));
    } else if (answer.status === 423) {
      tell('Not saved: the screen is locked. Your text is kept in this page.', 'failed');
    } else {
      tell(answer.status ? 'Not saved: the server could not do it. Your text is kept in this page; trying again.'
        : 'Not saved: no connection. Your text is kept in this page; trying again.', 'failed');
      later(RETRY[Math.min(tries++, RETRY.length - 1)]);
    }
    coverFor(answer.status);
  }

  function later(delay) {
    clearTimeout(timer);
    timer = setTimeout(save, delay);
  }

  form.addEventListener('input', () => later(WAIT));
  form.addEventListener('change', () => later(WAIT));
  window.addEventListener('online', () => later(0));
  window.addEventListener('pagehide', () => save({ leaving: true }));
  document.addEventListener('cover:on', (event) => event.detail.waits.push(save()));
  document.addEventListener('cover:off', () => { if (changed()) later(0); });

  // Once it is sent it is no draft any more: a late save must not bring it back.
  form.addEventListener('submit', (event) => {
    if (event.defaultPrevented && !form.hasAttribute('data-upload')) return;
    submitted = true;
    clearTimeout(timer);
    running?.abort();
  });
  document.addEventListener('submit', (event) => { // form[data-draft-discard]: leaving must not save it again
    if (event.target.matches('[data-draft-discard]')) submitted = true;
  });
  form.addEventListener('submit:failed', () => { submitted = false; later(0); });
  window.addEventListener('pageshow', (event) => { if (event.persisted) submitted = false; });

  // Only when the text exists nowhere else.
  window.addEventListener('beforeunload', (event) => {
    if (!submitted && state?.dataset.state === 'failed' && changed()) event.preventDefault();
  });
});
