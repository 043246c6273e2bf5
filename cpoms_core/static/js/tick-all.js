// form[data-tick-all]: [data-all] ticks every box of the form that can be ticked, and [data-count] says how many are.

import { each, say } from './each.js';

each('form[data-tick-all]', (form) => {
  const all = form.querySelector('[data-all]');
  const count = form.querySelector('[data-count]');
  const boxes = () => [...form.querySelectorAll('input[type="checkbox"][name]')]; // the list may grow

  function show() {
    const ticked = boxes().filter((box) => box.checked).length;
    all.checked = ticked > 0 && ticked === boxes().length;
    all.indeterminate = ticked > 0 && !all.checked;
    say(count, ticked ? `${ticked}` : '');
  }

  function tick() {
    for (const box of boxes()) box.checked = all.checked;
  }

  form.addEventListener('change', (event) => {
    if (event.target === all) tick();
    show();
  });
  form.addEventListener('htmx:afterSettle', show);
  window.addEventListener('pageshow', show); // a browser that goes back puts the ticks back after this script ran
  if (all.checked && !boxes().some((box) => box.checked)) tick(); // it was pressed before this script was there
  show();
});
