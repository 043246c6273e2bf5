// Nobody is there: after the school's idle time the screen is covered and the session is locked on
// the server. Tabs share the time of the last activity, and lock and unlock together. The server is told now
// and then when somebody was last active, so that it counts what the screen counts.

import { cover, covered, uncover, part } from './cover.js';
import { make, say } from './each.js';
import { coverFor, csrfToken, lacksKey, send, standing, useToken } from './http.js';

const LAST = 'last-activity'; // a time; nothing of a record is ever kept in the browser's storage
const minutes = Number(document.body.dataset.idleMinutes) || 0;
const limit = minutes * 60_000;
const warnBefore = Math.min(60_000, limit / 2);
const tellEvery = Math.min(60_000, limit / 3);
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
let known = 0; // the activity of this page that the server knows of
let tried = mine; // when it was told last

function active() {
  if (covered() === 'locked' || covered() === 'ended') return;
  const now = Date.now();
  if (now - mine < 2000 && !warning.textContent) return;
  if (now - Math.max(mine, lastActivity()) >= limit) return look(); // waking up is not being active
  mine = now;
  say(warning, '');
  try { localStorage.setItem(LAST, String(now)); } catch { /* as above */ }
  tell();
}

async function tell() {
  const now = Date.now();
  if (mine <= known || now - tried < tellEvery) return;
  const upTo = mine;
  tried = now;
  const { status } = await send('POST', '/session/active', { json: { idle_seconds: (now - upTo) / 1000 } });
  if (status === 200) known = upTo;
  if (status !== 403) return coverFor(status);
  if (await standing() === 'ended') ended(); // another log-in has come in its place, and it is another person's
}

// by: who noticed. 'us': nobody is there; 'server': it said that the session is locked; 'tab': another one.
async function lock({ by = 'us' } = {}) {
  if (covered() === 'locked' || covered() === 'ended') return;
  say(warning, '');
  await cover('locked'); // first what is seen and what was typed, then the server
  if (by === 'tab') return;
  tabs.postMessage({ is: 'locked' });
  if (by === 'server') return;
  // Without a connection the page stays covered; the server has an idle time of its own.
  const { status } = await send('POST', '/session/lock');
  if ([401, 404].includes(status)) ended();
}

async function ended() {
  say(warning, '');
  tellKept();
  await cover('ended'); // which tries to save what was typed
  tellKept();
}

function tellKept() {
  const drafts = [...document.querySelectorAll('[data-draft-state]')];
  const failed = drafts.some((state) => state.dataset.state === 'failed');
  say(part('ended').querySelector('[data-cover-kept]'), failed || !drafts.length
    ? 'What you typed is still in this page, but not saved. Leave the page open, log in in a new tab, then come back here.'
    : 'What you typed in a form was saved as a draft. Log in in a new tab, then come back here or open the form again.');
}

function look() {
  if (!limit || covered() === 'locked' || covered() === 'ended') return;
  const rest = limit - (Date.now() - Math.max(mine, lastActivity()));
  if (rest <= 0) return lock();
  tell();
  say(warning, rest <= warnBefore ? 'The screen will be locked in less than a minute. Press any key to stay.' : '');
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
  known = mine; // the password was activity
  try { localStorage.setItem(LAST, String(mine)); } catch { /* as above */ }
  const problem = part('locked').querySelector('.field-error');
  problem.hidden = true;
  part('locked').querySelector('[name="password"]').removeAttribute('aria-invalid');
  const again = part('ended').querySelector('[data-cover-problem]');
  again.hidden = true;
  again.dataset.said = '';
  uncover();
  if (tell) tabs.postMessage({ is: 'open', token: csrfToken() });
}

part('ended').querySelector('[data-cover-again]').addEventListener('click', async () => {
  const problem = part('ended').querySelector('[data-cover-problem]');
  const good = await standing() === 'good';
  // Once it was said: who has no key any more must still be able to go on.
  if (good && (!lacksKey() || problem.dataset.said === 'key')) return open(csrfToken());
  problem.dataset.said = good ? 'key' : '';
  problem.hidden = false;
  say(problem, good
    ? 'You are logged in without your key. Use it there first, or what needs it cannot be sent. Then come back and press this again.'
    : 'You are not logged in yet, or somebody else is.');
});

tabs.addEventListener('message', ({ data }) => {
  if (data.is === 'locked') lock({ by: 'tab' });
  if (data.is === 'open' && covered() === 'locked') open(data.token);
});
// The server may notice first.
document.addEventListener('session:over', ({ detail: how }) => { if (how === 'locked') lock({ by: 'server' }); else ended(); });
document.addEventListener('htmx:responseError', ({ detail: { xhr } }) => coverFor(xhr.status));

if (limit) {
  active();
  for (const name of ['pointerdown', 'pointermove', 'keydown', 'scroll', 'input']) {
    window.addEventListener(name, active, { passive: true, capture: true });
  }
  for (const name of ['focus', 'pageshow']) window.addEventListener(name, look);
  document.addEventListener('visibilitychange', look); // timers sleep with the computer
  setInterval(look, Math.min(10_000, warnBefore / 3));
}
