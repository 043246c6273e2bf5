// Nobody is there: after the school's idle time the screen is covered and the session is locked on
// the server. Tabs share the time of the last activity, and lock and unlock together.

import { cover, covered, uncover, part } from './cover.js';
import { make, say } from './each.js';
import { csrfToken, resume, send, useToken } from './http.js';

const LAST = 'last-activity'; // a time; nothing of a record is ever kept in the browser's storage
const minutes = Number(document.body.dataset.idleMinutes) || 0;
const limit = minutes * 60_000;
const warnBefore = Math.min(60_000, limit / 2);
const tabs = new BroadcastChannel('session');
const warning = document.body.appendChild(make('p', { className: 'idle-warning', role: 'status' }));

const lastActivity = () => {
  try {
    return Number(localStorage.getItem(LAST)) || 0;
  } catch {
    return 0; // storage may be forbidden; then each tab counts for itself
  }
};
let mine = Date.now();

function active() {
  if (covered() === 'locked' || covered() === 'ended') return;
  const now = Date.now();
  if (now - mine < 2000 && !warning.textContent) return;
  if (now - Math.max(mine, lastActivity()) >= limit) return look(); // waking up is not being active
  mine = now;
  say(warning, '');
  try { localStorage.setItem(LAST, String(now)); } catch { /* as above */ }
}

async function lock({ tell = true } = {}) {
  if (covered() === 'locked' || covered() === 'ended') return;
  say(warning, '');
  await cover('locked'); // first what is seen and what was typed, then the server
  if (!tell) return;
  tabs.postMessage({ is: 'locked' });
  // Without a connection the page stays covered; the server has an idle time of its own.
  const { status } = await send('POST', '/session/lock');
  if ([401, 404].includes(status)) ended();
}

function ended() {
  const failed = document.querySelector('[data-draft-state][data-state="failed"]');
  say(part('ended').querySelector('[data-cover-kept]'), failed
    ? 'What you typed is still in this page, but not saved. Leave the page open, log in in a new tab, then come back here.'
    : 'What you typed in a form was saved as a draft. Log in in a new tab, then come back here or open the form again.');
  cover('ended');
}

function look() {
  if (!limit || covered() === 'locked' || covered() === 'ended') return;
  const rest = limit - (Date.now() - Math.max(mine, lastActivity()));
  if (rest <= 0) lock();
  else say(warning, rest <= warnBefore ? 'The screen will be locked in less than a minute. Press any key to stay.' : '');
}

part('locked').querySelector('[data-unlock]').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target;
  const password = form.elements.password;
  const button = form.querySelector('button');
  button.disabled = true;
  const { status, data } = await send('POST', form.action, { form });
  button.disabled = false;
  password.value = '';
  if (data?.ok) return open(data.csrf_token, { tell: true });
  if ([401, 404].includes(status)) return ended();
  const problem = form.querySelector('.field-error');
  problem.hidden = false;
  say(problem, data?.message ?? (status ? 'That did not work. Please try again.' : 'No connection. Please try again.'));
  password.setAttribute('aria-invalid', 'true');
  password.focus();
});

function open(token, { tell = false } = {}) {
  useToken(token);
  mine = Date.now();
  try { localStorage.setItem(LAST, String(mine)); } catch { /* as above */ }
  const problem = part('locked').querySelector('.field-error');
  problem.hidden = true;
  part('locked').querySelector('[name="password"]').removeAttribute('aria-invalid');
  uncover();
  if (tell) tabs.postMessage({ is: 'open', token: csrfToken() });
}

part('ended').querySelector('[data-cover-again]').addEventListener('click', async () => {
  if (await resume()) return open(csrfToken());
  const problem = part('ended').querySelector('[data-cover-problem]');
  problem.hidden = false;
  say(problem, 'You are not logged in yet, or somebody else is.');
});

tabs.addEventListener('message', ({ data }) => {
  if (data.is === 'locked') lock({ tell: false });
  if (data.is === 'open' && covered() === 'locked') open(data.token);
});
// The server may notice first: 423 means locked, 401 means logged out.
document.addEventListener('htmx:responseError', ({ detail: { xhr } }) => {
  if (xhr.status === 423) lock({ tell: false });
  if (xhr.status === 401) ended();
});

if (limit) {
  active();
  for (const name of ['pointerdown', 'pointermove', 'keydown', 'scroll', 'input']) {
    window.addEventListener(name, active, { passive: true, capture: true });
  }
  for (const name of ['focus', 'pageshow']) window.addEventListener(name, look);
  document.addEventListener('visibilitychange', look); // timers sleep with the computer
  setInterval(look, Math.min(10_000, warnBefore / 3));
}
