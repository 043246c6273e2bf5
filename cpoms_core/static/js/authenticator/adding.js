// A new account on this phone: from a picture's link, the camera, or a pasted text.

import * as accounts from './accounts.js';
import { importSecret } from './codes.js';
import { Refusal, enrol, newKeyPair } from './device.js';
import { NotOurPicture, readFragment, readPicture } from './payload.js';
import { canScan, scan } from './scan.js';
import { only, part } from './screens.js';

let app; // {draw, message}: of the page that shows the accounts
let offered = null; // what a picture offers, while the person is asked
let stopScanning = null;

const adding = {
  error(text) {
    part('adding-error').textContent = text;
    part('picture').setAttribute('aria-invalid', String(Boolean(text)));
  },
  async open(problem = '') {
    offered = null;
    only('adding');
    part('empty').hidden = true;
    part('picture').value = '';
    this.error(problem);
    part('adding-head').focus();
    part('scan').hidden = !(await canScan());
  },
  async close() {
    stop();
    only();
    await app.draw();
    (part('add').hidden ? part('start') : part('add')).focus();
  },
};

function stop() {
  stopScanning?.();
  stopScanning = null;
  part('camera').hidden = true;
}

async function startScanning() {
  adding.error('');
  part('camera').hidden = false;
  try {
    stopScanning = await scan(part('video'), (text) => consider(() => readPicture(text)));
  } catch {
    stop();
    adding.error('The camera cannot be used. Allow it for this address in the browser’s settings, or paste the text.');
  }
}

// Asks the person about what a picture offers, or says what it is instead.
function consider(read) {
  try {
    offered = read();
  } catch (problem) {
    if (!(problem instanceof NotOurPicture)) throw problem;
    if (part('adding').hidden) adding.open(problem.message);
    else adding.error(problem.message);
    return;
  }
  stop();
  only('asking');
  part('empty').hidden = true;
  part('asking-school').textContent = offered.school;
  part('asking-email').textContent = offered.email;
  part('asking-error').textContent = '';
  part('asking-head').focus();
}

async function addOffered() {
  const { token, secret, school, email } = offered;
  part('asking-yes').setAttribute('aria-disabled', 'true');
  try {
    const kept = await accounts.unfinished(token);
    const keyPair = kept ? { privateKey: kept.signer, publicKey: kept.verifier } : await newKeyPair();
    const account = {
      school, email, added: Date.now(), standing: 'not proved',
      coder: await importSecret(secret), signer: keyPair.privateKey, verifier: keyPair.publicKey,
    };
    await accounts.keepUnfinished(token, account);
    const id = await enrol(keyPair, token);
    await accounts.save({ ...account, id });
    await accounts.dropUnfinished(token);
    navigator.storage?.persist?.(); // so that a phone short of room does not throw the keys away
  } catch (problem) {
    part('asking-error').textContent = whyNot(problem);
    if (problem instanceof Refusal && problem.why === 'refused') await accounts.dropUnfinished(token);
    return;
  } finally {
    part('asking-yes').removeAttribute('aria-disabled');
  }
  offered = null;
  only();
  await app.draw();
  app.message('The account is on this phone. Type the code on the computer to finish.', 'good');
}

export function whyNot(problem) {
  if (problem instanceof Refusal && problem.message) return problem.message;
  if (problem instanceof Refusal && problem.why === 'offline') return 'There is no connection. Connect the phone, then try again.';
  if (problem instanceof DOMException) return 'This browser keeps nothing, perhaps because the window is private. Use another window or browser.';
  return 'That did not work. Please try again.';
}

export function takeFragment() {
  if (!location.hash) return;
  const { hash } = location;
  history.replaceState(null, '', location.pathname); // a secret stays in no address and no history
  consider(() => readFragment(hash));
}

export function withNewAccounts(page) {
  app = page;
  part('add').addEventListener('click', () => adding.open());
  part('start').addEventListener('click', () => adding.open());
  part('adding-cancel').addEventListener('click', () => adding.close());
  part('scan').addEventListener('click', startScanning);
  part('scan-stop').addEventListener('click', stop);
  part('paste').addEventListener('submit', (event) => {
    event.preventDefault();
    consider(() => readPicture(part('picture').value));
  });
  part('asking-yes').addEventListener('click', () => {
    if (!part('asking-yes').hasAttribute('aria-disabled')) addOffered();
  });
  part('asking-no').addEventListener('click', () => adding.close());
  window.addEventListener('hashchange', takeFragment);
}
