// table[data-matrix]: a button in each column's head (th[data-column="NAME"]) ticks the whole column, one in
// each row's head the whole row; where all is ticked already they take the ticks away. The arrow keys go from
// one to the next in all four directions, Home and End to the ends of a row, with Ctrl to the ends of the
// table; Tab goes on through all of them as everywhere. Without scripts every tick is set by itself.

import { each, make, say } from './each.js';

each('table[data-matrix]', (table) => {
  const state = make('p', { className: 'visually-hidden', role: 'status' });
  table.after(state);
  const rows = [...table.tBodies[0].rows];
  const buttons = [];

  for (const head of table.querySelectorAll('th[data-column]')) {
    addButton(head, head.textContent.trim(), rows.flatMap((row) => ticks(row).filter((tick) => tick.name === head.dataset.column)));
  }
  for (const row of rows) {
    const name = row.querySelector('.matrix-name');
    addButton(name, name.textContent.replace(/\s+/g, ' ').trim(), ticks(row));
  }

  function addButton(place, name, boxes) {
    const words = make('span', { className: 'visually-hidden', textContent: ` of ${name}` });
    const verb = make('span');
    const button = make('button', { type: 'button', className: 'link matrix-all' }, verb, words);
    button.addEventListener('click', () => {
      const on = !boxes.every((box) => box.checked);
      for (const box of boxes) box.checked = on;
      update();
      say(state, `${name}: ${on ? 'all ticked' : 'none ticked'}`);
    });
    buttons.push(() => { verb.textContent = boxes.every((box) => box.checked) ? 'None' : 'All'; });
    place.append(button);
  }
  function update() {
    for (const refresh of buttons) refresh();
  }
  table.addEventListener('change', update);
  table.addEventListener('keydown', (event) => {
    const next = event.altKey || event.metaKey || event.shiftKey ? null : neighbour(table, event);
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  window.addEventListener('pageshow', update); // the browser may have put typed ticks back
  update();
});

function ticks(row) {
  return [...row.querySelectorAll('input[type="checkbox"]')];
}

// Where a key leads from what has the focus: the same column of another row, another column of the same row.
function neighbour(table, { key, ctrlKey, target }) {
  const grid = [...table.rows].map((row) => [...row.cells].map((cell) => cell.querySelector('input, button')));
  const at = grid.findIndex((row) => row.includes(target));
  if (at < 0) return null;
  const column = grid[at].indexOf(target);
  const filled = (row) => row.filter(Boolean);
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-10, 0], PageDown: [10, 0] };
  if (steps[key] && !ctrlKey) {
    const [down, right] = steps[key];
    const wanted = Math.min(Math.max(at + down, 0), grid.length - 1);
    return grid[wanted][column + right] ?? null;
  }
  if (key === 'Home') return ctrlKey ? grid.map((row) => row[column]).find(Boolean) : filled(grid[at])[0];
  if (key === 'End') return ctrlKey ? grid.map((row) => row[column]).findLast(Boolean) : filled(grid[at]).at(-1);
  return null;
}
