// form[data-key]: its button asks a security key, and the form takes the answer to the server, which
// says on a page what came of it. data-ask: where the question is got. [data-key-says]: what to do now.
// The button is disabled until this has begun: pressed earlier it would send the form without a key.

import { each, say } from '../each.js';
import { send } from '../http.js';
import { CHECKING, FAILED, LOGGED_OUT, NO_BROWSER, NO_CONNECTION, NOT_SECURE, TOUCH, words } from './words.js';

const impossible = () => (!window.isSecureContext && NOT_SECURE)
  || ((!window.PublicKeyCredential || !navigator.credentials) && NO_BROWSER)
  || '';

async function question(form) {
  const { status, data } = await send('POST', form.dataset.ask);
  if (data?.ok) return data;
  if (status === 0) throw new Error(NO_CONNECTION);
  throw new Error([401, 403].includes(status) ? LOGGED_OUT : data?.message ?? FAILED);
}

// answer(options): asks the browser, and resolves to the text that the server reads.
// ready(form): whether the key is to be asked; if not, the server says what is missing.
export function askKey(purpose, { answer, ready = () => true }) {
  each(`form[data-key="${purpose}"]`, (form) => {
    const says = form.querySelector('[data-key-says]');
    let waiting = false;

    const tell = (text, bad) => {
      says.classList.toggle('key-says-bad', bad);
      say(says, text);
    };
    if (impossible()) tell(impossible(), true);
    const button = form.querySelector('[type="submit"]');
    button.disabled = false;
    if (button.hasAttribute('data-focus')) button.focus();

    form.addEventListener('submit', async (event) => {
      if (form.elements.answer.value || !ready(form)) return;
      event.preventDefault();
      form.dispatchEvent(new Event('submit:failed')); // this was no sending yet
      if (waiting) return;
      if (impossible()) return tell(impossible(), true);
      waiting = true;
      try {
        const asked = await question(form);
        tell(TOUCH, false);
        form.elements.answer.value = await answer(asked.options);
        form.elements.question.value = asked.question;
        tell(CHECKING, false);
        form.requestSubmit();
      } catch (error) {
        tell(error instanceof DOMException ? words(purpose, error) : error.message, true);
      } finally {
        waiting = false;
      }
    });
    // back from the page that answered: the question is used up
    window.addEventListener('pageshow', () => {
      form.elements.answer.value = '';
      if (!impossible()) tell('', false);
    });
  });
}
