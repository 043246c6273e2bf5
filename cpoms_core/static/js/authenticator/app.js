// The authenticator: codes of this phone's accounts, and the log-ins that wait for an answer.

import * as accounts from './accounts.js';
import { takeFragment, whyNot, withNewAccounts } from './adding.js';
import { codeAt, secondsLeft } from './codes.js';
import { Refusal, clockOff, decide, pending } from './device.js';
import { accountCard, askCard, part, say } from './screens.js';

const TITLE = document.title;
const ASK_EVERY = 2000; // milliseconds
const OFFLINE_EVERY = 5000;
const CLOCK_MATTERS = 20; // seconds: the server takes a code one step of 30 seconds early or late

const shown = new Map(); // account id -> {account, card}
const toldRemoved = new Set(); // ids of accounts
const asks = new Map(); // log-in id -> {card, until}

const message = (text, kind) => {
  say(part('said'), text, kind);
  part('said').focus();
};

// --- accounts and their codes

async function draw() {
  const all = await accounts.list();
  const ids = new Set(all.map((one) => one.id));
  for (const [id, { card }] of shown) {
    if (ids.has(id)) continue;
    card.element.remove();
    shown.delete(id);
  }
  for (const account of all) {
    if (shown.has(account.id)) continue;
    const card = accountCard(account, { copy: () => copyCode(account), remove: () => removeAccount(account) });
    shown.set(account.id, { account, card });
    part('accounts').append(card.element);
  }
  part('accounts-part').hidden = all.length === 0;
  part('add').hidden = all.length === 0;
  const busy = !part('adding').hidden || !part('asking').hidden;
  part('empty').hidden = all.length > 0 || busy;
  for (const one of shown.values()) standing(one);
  await showCodes();
}

function standing({ account, card }) {
  card.ended(account.standing === 'removed');
  if (account.standing === 'removed') {
    card.state('This key was removed at your school. It works no more: remove the account from this phone, and add the phone as a new device if you need it.', 'bad');
  } else if (account.standing === 'not proved') {
    card.state('Almost done: type this code on the computer, in “Add a new device”.', 'warn');
  } else {
    card.state('');
  }
}

async function showCodes() {
  const now = Date.now() / 1000;
  for (const { account, card } of shown.values()) {
    if (account.standing !== 'removed') card.code(await codeAt(account.coder, now), secondsLeft(now));
  }
}

async function copyCode(account) {
  const code = await codeAt(account.coder, Date.now() / 1000);
  try {
    await navigator.clipboard.writeText(code);
    message('The code is copied.', 'good');
  } catch {
    message('The code could not be copied. Type it instead.', 'warn');
  }
}

async function removeAccount(account) {
  shown.get(account.id)?.card.element.remove();
  shown.delete(account.id); // first, so that an answer under way does not put it back
  await accounts.remove(account.id);
  for (const [id, one] of asks) if (one.account === account.id) dropAsk(id);
  await draw();
  message(`${account.email} is removed from this phone.`, 'good');
}

async function changeStanding(account, now) {
  if (account.standing === now || !shown.has(account.id)) return;
  if (now === 'counts') say(part('said'), `Done. This phone is now a key of ${account.email}.`, 'good');
  account.standing = now;
  standing(shown.get(account.id));
  await accounts.save(account);
}

// --- log-ins that wait

function dropAsk(id) {
  asks.get(id)?.card.element.remove();
  asks.delete(id);
  titled();
}

function titled() {
  document.title = asks.size ? `(${asks.size}) ${TITLE}` : TITLE;
}

function takeAsks(account, found) {
  const open = new Set(found.map((one) => one.id));
  for (const [id, one] of asks) if (one.account === account.id && !open.has(id)) dropAsk(id);
  for (const one of found) {
    if (!asks.has(one.id)) {
      const on = {
        approve: (number) => answer(account, one, 'approve', number),
        deny: () => answer(account, one, 'deny', ''),
      };
      const card = askCard(account, one, { many: shown.size > 1, on });
      asks.set(one.id, { account: account.id, card });
      part('asks').append(card.element);
      say(part('said'), '');
    }
    asks.get(one.id).card.seconds(one.seconds_left);
  }
  titled();
}

async function answer(account, ask, decision, number) {
  let outcome;
  try {
    outcome = await decide(account, ask.id, decision, number);
  } catch (refusal) {
    const lost = refusal instanceof Refusal && refusal.why === 'offline';
    asks.get(ask.id)?.card.wrong(lost ? 'There is no connection. Try again.' : 'That did not work. Try again.');
    return;
  }
  if (outcome === 'wrong number') {
    asks.get(ask.id)?.card.wrong('That is not the number on the log-in page. Look again. After three wrong numbers the log-in is denied.');
    return;
  }
  dropAsk(ask.id);
  if (outcome === 'approved') message('Approved. The log-in page goes on by itself.', 'good');
  else if (outcome === 'denied' && decision === 'deny') message('Denied. If that was not you, somebody knows your password: set another one, and tell your school’s administrator.', 'bad');
  else if (outcome === 'denied') message('Denied, because three numbers were wrong. If that was you, log in again and type a code.', 'bad');
  else message('Too late: that log-in was answered already, or ran out.', 'warn');
}

async function askServer() {
  let offline = false;
  for (const { account } of [...shown.values()]) {
    // once in each run of the app: the school may have let the account in again
    if (account.standing === 'removed' && toldRemoved.has(account.id)) continue;
    try {
      const found = await pending(account);
      if (!shown.has(account.id)) continue; // removed meanwhile
      await changeStanding(account, found.counts ? 'counts' : 'not proved');
      takeAsks(account, found.log_ins);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      if (refusal.why === 'removed') {
        toldRemoved.add(account.id);
        takeAsks(account, []);
        await changeStanding(account, 'removed');
      }
      offline ||= refusal.why === 'offline';
    }
  }
  const off = Math.round(Math.abs(clockOff));
  if (offline) say(part('connection'), 'No connection. The codes below work all the same.', 'warn');
  else if (off > CLOCK_MATTERS) say(part('connection'), `This phone’s clock is ${off} seconds ${clockOff > 0 ? 'ahead' : 'behind'}, so its codes may be refused. Set date, time and time zone to automatic.`, 'bad');
  else say(part('connection'), '');
  return offline;
}

async function keepAsking() {
  let offline = false;
  if (document.visibilityState === 'visible') {
    try {
      offline = await askServer();
    } finally {
      setTimeout(keepAsking, offline ? OFFLINE_EVERY : ASK_EVERY);
    }
  } else {
    document.addEventListener('visibilitychange', keepAsking, { once: true });
  }
}

// --- start

withNewAccounts({ draw, message });
window.addEventListener('beforeinstallprompt', (event) => {
  event.preventDefault();
  part('install').hidden = false;
  part('install').addEventListener('click', () => event.prompt(), { once: true });
});

navigator.serviceWorker?.register('/authenticator/worker.js', { scope: '/authenticator/' });
takeFragment();
try {
  await draw();
  setInterval(showCodes, 1000);
  keepAsking();
} catch (problem) {
  say(part('connection'), whyNot(problem), 'bad');
}
