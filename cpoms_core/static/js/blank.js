// Blank screen: by its button, or by pressing Escape twice within half a second.
//
// Why Escape: it exists on every keyboard in a school (Chromebooks have no function keys), it can be
// hit without looking, it types nothing, and it is no character key, so WCAG 2.1.4 does not apply.
// Screen readers use one Escape to leave a field; two in a row do no harm, because "Show screen"
// has the focus and brings everything back.

//
// A tab that was blanked stays so over the back button and a reload (covered.js): whoever goes back
// would see the page before.

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

const remember = (blank) => {
  try {
    if (blank) sessionStorage.setItem('covered', 'yes');
    else sessionStorage.removeItem('covered');
  } catch { /* as in covered.js */ }
};
const remembered = () => {
  try {
    return Boolean(sessionStorage.getItem('covered'));
  } catch {
    return false;
  }
};
// of a locked screen the server knows
document.addEventListener('cover:on', ({ detail: { name } }) => remember(name === 'blank'));
document.addEventListener('cover:off', () => remember(false));
// pageshow: the browser may bring a page back as it was left, without loading it
window.addEventListener('pageshow', () => { if (remembered() && !covered()) cover('blank'); });
if (remembered()) cover('blank');
