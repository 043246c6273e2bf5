// form[data-submit-once]: a second press does not send twice, and the button says that it is at work
// (data-sending on the button). The button stays focusable, so that a screen reader keeps its place.

import { each } from './each.js';

each('form[data-submit-once]', (form) => {
  let sending = false;

  form.addEventListener('submit', (event) => {
    if (sending) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    sending = true;
    const button = event.submitter ?? form.querySelector('[type="submit"]');
    // After the event: the browser has read the form by then, the button's own name included.
    setTimeout(() => {
      if (!button || !sending) return;
      button.setAttribute('aria-disabled', 'true');
      if (button.dataset.sending) {
        // inside the part with an id, which htmx may still be about to fill
        const words = button.querySelector('[id]') ?? button;
        button.dataset.label = button.innerHTML;
        words.textContent = button.dataset.sending;
      }
    });
  });

  function again() {
    sending = false;
    for (const button of form.querySelectorAll('[aria-disabled="true"][type="submit"]')) {
      button.removeAttribute('aria-disabled');
      if (button.dataset.label === undefined) continue;
      button.innerHTML = button.dataset.label; // our own markup, put back
      delete button.dataset.label;
    }
  }
  form.addEventListener('submit:failed', again);
  window.addEventListener('pageshow', (event) => { if (event.persisted) again(); });
});
