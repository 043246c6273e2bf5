// The phone's side of what it asks the server: nonces, signatures, answers. No cookie goes with it.

const FORMAT = 'cpoms-authenticator-1'; // as in cpoms_core/authenticator/signatures.py
const NONCE_GOOD_FOR = 60_000; // the server takes it for two minutes

export class Refusal extends Error {
  // why: offline, removed, nonce, signature, nothing, refused, trouble; message: for the person, or ''
  constructor(why, message = '') {
    super(message);
    this.why = why;
  }
}

export const newKeyPair = () =>
  crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);

function base64(buffer) {
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

async function sign(privateKey, ...parts) {
  const text = new TextEncoder().encode([FORMAT, ...parts].join('\n'));
  return base64(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, text));
}

async function ask(path, message) {
  let answer;
  try {
    answer = await fetch(`/authenticator/${path}`, {
      method: message ? 'POST' : 'GET',
      headers: { Accept: 'application/json', ...(message && { 'Content-Type': 'application/json' }) },
      body: message && JSON.stringify(message),
      credentials: 'omit', // no cookie, whatever else this browser is used for
      cache: 'no-store',
      redirect: 'error',
      signal: AbortSignal.timeout(15_000),
    });
  } catch {
    throw new Refusal('offline');
  }
  let data = {};
  try {
    data = await answer.json();
  } catch { /* a proxy's page, for example */ }
  if (!answer.ok) throw new Refusal(data.why ?? 'trouble', data.message ?? '');
  return data;
}

let nonce = { text: '', until: 0 };
export let clockOff = 0; // seconds that this phone's clock is ahead of the server's

async function freshNonce() {
  const sent = Date.now();
  const data = await ask('nonce');
  const received = Date.now();
  clockOff = (sent + received) / 2000 - data.now;
  nonce = { text: data.nonce, until: received + NONCE_GOOD_FOR };
  return nonce.text;
}

// Makes a device of this phone; resolves to its id.
export async function enrol(keyPair, token) {
  const publicKey = await crypto.subtle.exportKey('spki', keyPair.publicKey);
  const signature = await sign(keyPair.privateKey, 'enrol', token);
  return (await ask('enrol', { token, public_key: base64(publicKey), signature })).device;
}

// The log-ins that wait for an answer: {counts, log_ins}. A nonce serves for several such questions.
export async function pending(account) {
  const current = nonce.until > Date.now() ? nonce.text : await freshNonce();
  const signature = await sign(account.signer, 'pending', current, account.id);
  try {
    return await ask('pending', { device: account.id, nonce: current, signature });
  } catch (refusal) {
    if (refusal.why === 'nonce') nonce = { text: '', until: 0 };
    throw refusal;
  }
}

// Answers a log-in: approved, denied, wrong number or too late. Each answer needs a nonce of its own.
export async function decide(account, approval, decision, number, { again = true } = {}) {
  const current = await freshNonce();
  const signature = await sign(account.signer, 'decide', current, account.id, approval, decision, number);
  try {
    const data = await ask('decide', { device: account.id, nonce: current, signature, approval, decision, number });
    return data.outcome;
  } catch (refusal) {
    // another window of the app was quicker with a newer one
    if (refusal.why === 'nonce' && again) return decide(account, approval, decision, number, { again: false });
    throw refusal;
  }
}
