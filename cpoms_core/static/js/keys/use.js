// The step with the key after the password.

import { askKey } from './ask.js';
import { answerText, requestOptions } from './json.js';

askKey('use', {
  answer: async (options) => answerText(
    await navigator.credentials.get({ publicKey: requestOptions(options) }),
    ['clientDataJSON', 'authenticatorData', 'signature'],
  ),
});
