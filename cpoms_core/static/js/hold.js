// A form that is sent while the session is locked or has ended would lose what was typed: the server can only
// lead to the password or the log-in. So it is asked first, and meanwhile the form is held. Where the session
// does not go on, the page is covered, and the form goes on by itself once the cover is lifted.
//
// Forms that a script sends stay in the page anyway: those of htmx, and of a security key.

import { make } from './each.js';
import { standing } from './http.js';

const held = new Map(); // form -> the button that sent it
const asked = new WeakSet();

const SLOW = 5000; // milliseconds until a form that was sent counts as one that leads nowhere, such as a download

const stays = (form) => form.matches('[hx-post], [data-key], [data-unlock], [action="/logout"]') || form.method !== 'post';

// capture, at the document: before anything else hears that the form is sent
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (stays(form) || asked.delete(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (held.has(form)) return;
  held.set(form, event.submitter);
  form.setAttribute('aria-busy', 'true');
  ask(form);
}, { capture: true });
// a check of its own stopped it, or a script sends it
window.addEventListener('submit', (event) => { if (event.defaultPrevented && !held.has(event.target)) rest(event.target); });

const rest = (form) => form.removeAttribute('aria-busy');

async function ask(form) {
  document.querySelector('[data-not-sent]')?.remove();
  const how = await standing();
  if (!held.has(form)) return; // it was asked twice, for a cover was lifted meanwhile
  if (how === 'good') return goOn(form);
  rest(form);
  if (how === 'unknown') return notSent(form);
  for (const words of document.querySelectorAll('[data-cover-held]')) words.hidden = false;
  document.dispatchEvent(new CustomEvent('session:over', { detail: how }));
}

function goOn(form) {
  const button = held.get(form);
  held.delete(form);
  if (!form.isConnected) return;
  asked.add(form);
  form.requestSubmit(button?.isConnected ? button : null);
  if (asked.delete(form)) rest(form); // the browser's own check stopped it
  else setTimeout(rest, SLOW, form);
}

function notSent(form) {
  const button = held.get(form);
  held.delete(form);
  const words = make('p', { className: 'field-error', role: 'alert', textContent: 'Not sent: the server does not answer. What you typed is still here. Please try again.' });
  words.dataset.notSent = '';
  (button?.isConnected ? button : form.lastElementChild).before(words);
}

document.addEventListener('cover:off', () => {
  for (const words of document.querySelectorAll('[data-cover-held]')) words.hidden = true;
  for (const form of [...held.keys()]) ask(form);
});
// To leave the page would lose it after all.
window.addEventListener('beforeunload', (event) => { if (held.size) event.preventDefault(); });
