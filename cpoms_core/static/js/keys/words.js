// What a person is told when a key or the browser says no. Browsers give the same error for several
// causes on purpose, so that a page cannot tell which keys somebody has: then the words name them all.

export const TOUCH = 'Touch your key now, or do what your browser asks. To stop, press Escape.';
export const CHECKING = 'Checking…';

export const NO_BROWSER = 'This browser cannot use security keys. Use a newer one, or an authenticator that shows codes.';
export const NOT_SECURE = 'Security keys work only at addresses that begin with https. Open your school’s page that way, or use an authenticator that shows codes.';
export const NO_CONNECTION = 'No connection. Nothing was changed. Please try again.';
export const LOGGED_OUT = 'You are logged out. Log in again, then use your key.';
export const FAILED = 'That did not work, and nothing was changed. Please try again.';

const COMMON = {
  SecurityError: 'The key was not asked, because this page is not at the address that keys belong to here. Open your school’s page by its usual address.',
  AbortError: 'The key was not used. Press the button to try again.',
  NotSupportedError: 'This kind of key cannot be used here. Try another one, or use an authenticator that shows codes.',
};

const REGISTER = {
  ...COMMON,
  InvalidStateError: 'This key is added to your account already.',
  NotAllowedError: 'No key was added: it was cancelled, or took too long, or this key is added to your account already. Press the button to try again.',
};

const USE = {
  ...COMMON,
  NotAllowedError: 'No key answered: it was cancelled, or took too long, or the key is not one that you added here. Press the button to try again.',
};

export const words = (purpose, error) => (purpose === 'register' ? REGISTER : USE)[error?.name] ?? FAILED;
