// [data-categories]: the sub-categories of a category show once it is ticked. Without this script
// all of them show, and the server adds the parent of a ticked sub-category.

import { each } from './each.js';

each('[data-category]', (category) => {
  const parent = category.querySelector('[data-parent]');
  const subs = category.querySelector('[data-subs]');
  if (!parent || !subs) return;
  const ticks = [...subs.querySelectorAll('input[type="checkbox"]')];

  function show() {
    subs.hidden = !parent.checked;
    if (parent.checked) return;
    for (const tick of ticks) tick.checked = false; // what cannot be seen must not be sent
  }
  if (ticks.some((tick) => tick.checked)) parent.checked = true;
  parent.addEventListener('change', show);
  show();
});
