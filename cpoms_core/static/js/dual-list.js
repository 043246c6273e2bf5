// [data-dual-list]: two lists beside each other in the place of its ticks, which stay in the page, hidden, and
// are what the form sends. data-left and data-right name the lists. A filter above each finds by name or user
// group; the double arrows move everyone who is shown. data-offers-groups: the left list has the user groups
// too, and moving one moves its present members. A tick with data-whole is a user group as such: it moves by
// itself only, never with the double arrow, since its members are moved by that already.

import { each, make, say } from './each.js';

const ROWS = 12;
const fold = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

each('[data-dual-list]', (list) => {
  const plain = list.querySelector('[data-dual-plain]');
  const ticks = [...plain.querySelectorAll('input[type="checkbox"]')];
  const people = ticks.filter((tick) => !('whole' in tick.dataset));
  const state = make('p', { className: 'visually-hidden', role: 'status' });
  const sides = [makeSide(false, list.dataset.left), makeSide(true, list.dataset.right)];
  const [left, right] = sides;

  const buttons = make('div', { className: 'dual-buttons' },
    makeButton('Add selected', '\u203a', () => move(chosenIn(left), true, left)),
    makeButton('Add all shown', '\u00bb', () => move(shownIn(left).filter((tick) => people.includes(tick)), true, left)),
    makeButton('Remove selected', '\u2039', () => move(chosenIn(right), false, right)),
    makeButton('Remove all shown', '\u00ab', () => move(shownIn(right), false, right)));
  const lists = make('div', { className: 'dual' }, left.part, buttons, right.part);
  plain.hidden = true;
  plain.after(lists, state);
  show();
  window.addEventListener('pageshow', show); // the browser may have put earlier ticks back

  function makeSide(ticked, title) {
    const id = `${list.id}-${ticked ? 'in' : 'out'}`;
    const count = make('span', { className: 'quiet' });
    const filter = make('input', { type: 'search', id: `${id}-filter`, className: 'form-control', autocomplete: 'off' });
    const select = make('select', { id, className: 'form-control dual-list', multiple: true, size: ROWS });
    const part = make('div', { className: 'dual-side' },
      make('label', { htmlFor: filter.id, className: 'dual-filter-label' }, 'Filter by name or user group', make('span', { className: 'visually-hidden', textContent: `: ${title}` })),
      filter,
      make('label', { htmlFor: id, className: 'dual-title' }, `${title} `, count),
      select);
    const side = { ticked, filter, select, count, part };
    filter.addEventListener('input', () => show());
    filter.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') event.preventDefault(); // it must not send the form
    });
    select.addEventListener('dblclick', () => move(chosenIn(side), !ticked, side));
    select.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      move(chosenIn(side), !ticked, side);
    });
    return side;
  }

  function makeButton(text, arrow, act) {
    const button = make('button', { type: 'button', className: 'btn' },
      make('span', { ariaHidden: 'true', className: 'dual-arrow', textContent: arrow }), text);
    button.addEventListener('click', act);
    return button;
  }

  function matches(side, ...texts) {
    const words = fold(side.filter.value).split(/\s+/).filter(Boolean);
    const text = fold(texts.join(' '));
    return words.every((word) => text.includes(word));
  }
  function shownIn(side) {
    return ticks.filter((tick) => tick.checked === side.ticked && matches(side, tick.dataset.text, tick.dataset.group));
  }
  function membersOf(group) {
    return people.filter((tick) => tick.dataset.group === group);
  }
  // What is selected in a list, as ticks: a user group stands for its members.
  function chosenIn(side) {
    return [...side.select.selectedOptions].flatMap((option) => (
      option.dataset.members === undefined ? ticks.filter((tick) => tick.value === option.value) : membersOf(option.dataset.members)));
  }

  function show() {
    for (const side of sides) {
      const shown = shownIn(side);
      const options = shown.map((tick) => new Option('whole' in tick.dataset ? tick.dataset.text : `${tick.dataset.text} (${tick.dataset.group})`, tick.value));
      if ('offersGroups' in list.dataset && !side.ticked) options.unshift(...groupsIn(side));
      side.select.replaceChildren(...options);
      side.count.textContent = side.filter.value.trim() ? `(${shown.length} shown)` : `(${shown.length})`;
    }
  }
  function groupsIn(side) {
    const open = people.filter((tick) => !tick.checked).map((tick) => tick.dataset.group);
    return [...new Set(open)].filter((group) => matches(side, group)).map((group) => {
      const option = new Option(`Everyone in ${group} (${membersOf(group).length})`, '');
      option.dataset.members = group;
      return option;
    });
  }

  function move(some, on, side) {
    const moved = some.filter((tick) => tick.checked !== on);
    const at = side.select.selectedIndex;
    for (const tick of moved) tick.checked = on;
    show();
    // somebody who goes on with the keyboard is at the next one
    if (document.activeElement === side.select && at >= 0) side.select.selectedIndex = Math.min(at, side.select.options.length - 1);
    const names = moved.length > 3 ? `${moved.length}` : moved.map((tick) => tick.dataset.text).join(', ');
    say(state, moved.length ? `${names} ${on ? 'added' : 'removed'}` : 'Nobody is selected.');
  }
});
