// The question and the answer of a security key as JSON: bytes travel as base64url. Browsers can do this
// themselves only since 2024 or 2025.

function bytes(text) {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

function text(buffer) {
  const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('');
  return btoa(plain).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

const named = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

export function creationOptions(json) {
  return {
    ...json,
    challenge: bytes(json.challenge),
    user: { ...json.user, id: bytes(json.user.id) },
    excludeCredentials: named(json.excludeCredentials),
  };
}

export function requestOptions(json) {
  return { ...json, challenge: bytes(json.challenge), allowCredentials: named(json.allowCredentials) };
}

// Only what the server reads.
export function answerText(credential, parts) {
  const response = Object.fromEntries(parts.map((part) => [part, text(credential.response[part])]));
  return JSON.stringify({ rawId: text(credential.rawId), response });
}
