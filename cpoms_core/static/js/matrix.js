// table[data-matrix]: a button in each column's head (th[data-column="NAME"]) ticks the whole column, one in
// each row's head the whole row; where all is ticked already they take the ticks away. Without scripts
// every tick is set by itself.

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
  window.addEventListener('pageshow', update); // the browser may have put typed ticks back
  update();
});

function ticks(row) {
  return [...row.querySelectorAll('input[type="checkbox"]')];
}
