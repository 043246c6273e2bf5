// [data-folds]: "Show all actions" opens or closes every details[data-fold="actions"] in it, "Toggle parent
// categories" shows both names in the lozenges. Without this script both are links that reload the page.
// On paper every fold is open.

import { each } from './each.js';

function toggle(link, isOn, turn) {
  const show = () => {
    if (link.dataset.labelOpen) link.textContent = isOn() ? link.dataset.labelOpen : link.dataset.labelClosed;
    else link.ariaPressed = String(isOn()); // its words stay the same
  };
  for (const said of link.querySelectorAll('[data-state]')) said.remove();
  link.setAttribute('role', 'button');
  link.addEventListener('click', (event) => {
    event.preventDefault();
    turn(!isOn());
    show();
  });
  link.addEventListener('keydown', (event) => {
    if (event.key !== ' ') return;
    event.preventDefault();
    link.click();
  });
  show();
}

each('[data-folds]', (area) => {
  for (const link of area.querySelectorAll('[data-toggle-folds]')) {
    const folds = () => [...area.querySelectorAll(`details[data-fold="${link.dataset.toggleFolds}"]`)];
    link.hidden = folds().length === 0;
    toggle(link, () => folds().length > 0 && folds().every((fold) => fold.open), (on) => { for (const fold of folds()) fold.open = on; });
  }
  for (const link of area.querySelectorAll('[data-toggle-parents]')) {
    toggle(link, () => 'parents' in area.dataset, (on) => area.toggleAttribute('data-parents', on));
  }
});

// A link to an action opens the fold it is in.
function openTarget() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const fold = target && target.closest('details');
  if (!fold) return;
  fold.open = true;
  target.scrollIntoView();
}
window.addEventListener('hashchange', openTarget);
openTarget();

const unfolded = new Set();
window.addEventListener('beforeprint', () => {
  for (const fold of document.querySelectorAll('details[data-fold]:not([open])')) {
    fold.open = true;
    unfolded.add(fold);
  }
});
window.addEventListener('afterprint', () => {
  for (const fold of unfolded) fold.open = false;
  unfolded.clear();
});
