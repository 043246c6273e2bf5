// A new security key. Its name is asked for first: nobody should touch a key twice for that.

import { askKey } from './ask.js';
import { answerText, creationOptions } from './json.js';

askKey('register', {
  ready: (form) => form.elements.name.value.trim() !== '',
  answer: async (options) => answerText(
    await navigator.credentials.create({ publicKey: creationOptions(options) }),
    ['clientDataJSON', 'attestationObject'],
  ),
});
