// What a QR code of "Add a new device" carries: t token, s secret, n the school's name, e the e-mail address.
// Everything else is told in words: people point the phone at all kinds of pictures.

import { fromBase32 } from './codes.js';

export class NotOurPicture extends Error {}

const OTHER_APPS =
  'This picture is for other authenticator apps. On the computer, choose “With our authenticator” and scan the picture there.';
const NOT_OURS =
  'This is not a picture of ours. On the computer, open Account settings, Security keys, “Add a new device”, and scan the picture there.';
const NOT_COMPLETE = 'A part of the picture’s text is missing. Scan the picture once more, or copy the whole text.';

// Reads the text of a QR code, or what somebody pasted. Throws NotOurPicture with what to do.
export function readPicture(text) {
  const given = text.trim();
  if (/^otpauth:/i.test(given)) throw new NotOurPicture(OTHER_APPS);
  let address;
  try {
    address = new URL(given);
  } catch {
    throw new NotOurPicture(NOT_OURS);
  }
  if (!/^https?:$/.test(address.protocol) || !/^\/authenticator\/?$/.test(address.pathname)) {
    throw new NotOurPicture(NOT_OURS);
  }
  if (address.host !== location.host) {
    throw new NotOurPicture(`This picture belongs to another system, at ${address.host}. Open that address on your phone instead.`);
  }
  return readFragment(address.hash);
}

// Reads the part of the address after the #. Throws NotOurPicture.
export function readFragment(hash) {
  const parts = new URLSearchParams(hash.replace(/^#/, ''));
  const [token, secret, school, email] = ['t', 's', 'n', 'e'].map((name) => parts.get(name) ?? '');
  const key = fromBase32(secret);
  const whole = /^[\w-]{20,400}$/.test(token) && key && key.length >= 16 && school && email;
  if (!whole) throw new NotOurPicture(NOT_COMPLETE);
  return { token, secret: key, school: school.slice(0, 200), email: email.slice(0, 254) };
}
