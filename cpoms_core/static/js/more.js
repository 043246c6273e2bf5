// "Show older ..." (macro `more`): when htmx has put the next rows at the end of the list, the focus goes
// to the first of them; otherwise it would be lost with the button that was pressed.

import { each } from './each.js';

each('.more [hx-target]', (control) => {
  const list = document.querySelector(control.getAttribute('hx-target'));
  if (!list) return;
  control.addEventListener('htmx:beforeRequest', () => {
    const last = list.lastElementChild;
    list.addEventListener('htmx:afterSettle', () => {
      const first = last ? last.nextElementSibling : list.firstElementChild;
      if (!first) return;
      first.tabIndex = -1;
      first.focus({ preventScroll: true });
    }, { once: true });
  });
});
