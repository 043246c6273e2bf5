// form[data-report]: the filters of the incidents show while Incidents is ticked. Without scripts they always
// show, and count only where it is ticked.

import { each } from './each.js';

each('form[data-report]', (form) => {
  const tick = form.elements.namedItem('incidents');
  const filters = form.querySelector('[data-report-incidents]');

  function show() {
    filters.hidden = !tick.checked;
  }
  tick.addEventListener('change', show);
  show();
});
