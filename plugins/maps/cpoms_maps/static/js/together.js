// Combined maps: an incident in the list lights its markers, and a marker lights its incident with all of its markers:
// under the pointer, with the focus, or after a tap. [data-lights="NUMBER"] on both. Without this, a marker is a link
// that leads to its incident in the list.

import { each } from '../../../js/each.js';

each('[data-maps-together]', (root) => {
  const parts = [...root.querySelectorAll('[data-lights]')];
  const now = { over: null, focus: null, held: null };

  function show() {
    const lit = now.over ?? now.focus ?? now.held;
    for (const one of parts) one.classList.toggle('is-lit', one.dataset.lights === lit);
  }
  const numberOf = (event) => event.target.closest?.('[data-lights]')?.dataset.lights ?? null;
  const set = (how, number) => { now[how] = number; show(); };

  root.addEventListener('pointerover', (event) => { if (event.pointerType === 'mouse') set('over', numberOf(event)); });
  root.addEventListener('pointerleave', () => set('over', null));
  root.addEventListener('focusin', (event) => set('focus', numberOf(event)));
  root.addEventListener('focusout', () => set('focus', null));
  // Two listeners: Safari on a phone tells of a tap on a list item only those that are nearer than the document.
  root.addEventListener('click', (event) => set('held', numberOf(event)));
  document.addEventListener('click', (event) => { if (!root.contains(event.target)) set('held', null); });

  // With a script the markers of a map are one stop of the Tab key, and arrow keys go from one to the next.
  for (const map of root.querySelectorAll('[data-map-shown]')) {
    const pins = [...map.querySelectorAll('a[data-lights]')];
    pins.forEach((pin, at) => {
      pin.setAttribute('tabindex', at ? -1 : 0);
      pin.addEventListener('keydown', (event) => {
        const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (!by) return;
        event.preventDefault();
        const next = pins[(at + by + pins.length) % pins.length];
        pin.setAttribute('tabindex', -1);
        next.setAttribute('tabindex', 0);
        next.focus();
      });
    });
  }
});
