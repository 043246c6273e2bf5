// The codes of an authenticator: RFC 6238 with SHA-1, six digits, 30 seconds, as the server expects.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
export const STEP = 30; // seconds
const DIGITS = 6;

// Bytes of a text in base 32 (RFC 4648); null for anything else.
export function fromBase32(text) {
  const plain = text.toUpperCase().replace(/=+$/, '');
  if (!/^[A-Z2-7]+$/.test(plain)) return null;
  const bytes = [];
  let bits = 0;
  let value = 0;
  for (const letter of plain) {
    value = (value << 5) | ALPHABET.indexOf(letter);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >> bits) & 0xff);
    value &= (1 << bits) - 1;
  }
  return new Uint8Array(bytes);
}

// A secret as a key that nobody can read out of the browser again.
export const importSecret = (bytes) =>
  crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-1' }, false, ['sign']);

// The code at a moment, in seconds since 1970.
export async function codeAt(key, seconds) {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(Math.floor(seconds / STEP)));
  const digest = new DataView(await crypto.subtle.sign('HMAC', key, counter.buffer));
  const offset = digest.getUint8(digest.byteLength - 1) & 0x0f;
  const number = digest.getUint32(offset) & 0x7fffffff;
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0');
}

export const secondsLeft = (seconds) => STEP - (Math.floor(seconds) % STEP);
