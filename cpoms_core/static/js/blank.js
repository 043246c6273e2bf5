// Blank screen: by its button, or by pressing Escape twice within half a second.
//
// Why Escape: it exists on every keyboard in a school (Chromebooks have no function keys), it can be
// hit without looking, it types nothing, and it is no character key, so WCAG 2.1.4 does not apply.
// Screen readers use one Escape to leave a field; two in a row do no harm, because "Show screen"
// has the focus and brings everything back.

import { cover, covered, uncover, part } from './cover.js';
import { each } from './each.js';

const QUICKLY = 500;
let last = 0;

// capture: a menu or a list that closes on Escape must not swallow the key.
window.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.repeat || covered()) return;
  if (event.timeStamp - last < QUICKLY) {
    last = 0;
    cover('blank');
  } else {
    last = event.timeStamp;
  }
}, { capture: true });

each('[data-blank]', (button) => button.addEventListener('click', () => cover('blank')));
part('blank')?.querySelector('[data-cover-show]').addEventListener('click', uncover);
