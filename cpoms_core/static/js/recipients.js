// Alert groups: [data-members='[{"value","text"}, ...]'][data-members-for="SELECT-ID"] adds its members
// to that select. select[data-recipients="ID"]: when the part with that id (asked for again by htmx)
// lists people in data-outsiders, their names in the select are marked, in words as well as in red.

import { each, say } from './each.js';

each('[data-members]', (button) => {
  button.addEventListener('click', () => {
    const select = document.getElementById(button.dataset.membersFor);
    const state = document.querySelector(`[data-members-state="${button.dataset.membersFor}"]`);
    const added = JSON.parse(button.dataset.members).filter((member) => add(select, member));
    if (added.length) select.dispatchEvent(new Event('change', { bubbles: true }));
    say(state, added.length ? `Added: ${added.map((member) => member.text).join(', ')}` : 'Everyone in this group is already there.');
  });
  button.dataset.ready = ''; // it is shown from now on: pressed before, it would alert nobody
});

function add(select, { value, text }) {
  const box = select.tomselect;
  if (box) {
    if (box.items.includes(String(value))) return false;
    box.addOption({ value: String(value), text });
    box.addItem(String(value), true);
    return true;
  }
  let option = [...select.options].find((one) => one.value === String(value));
  if (option?.selected) return false;
  if (!option) select.append(option = new Option(text, value));
  return option.selected = true;
}

each('select[data-recipients]', (select) => {
  const mark = () => {
    const list = document.getElementById(select.dataset.recipients)?.querySelector('[data-outsiders]');
    const outsiders = new Set(list?.dataset.outsiders.split(' ') ?? []);
    for (const item of select.tomselect?.control.querySelectorAll('.item') ?? []) {
      const outside = outsiders.has(item.dataset.value);
      item.classList.toggle('is-outsider', outside);
      const note = item.querySelector('.outsider-note');
      if (note) note.hidden = !outside;
    }
  };
  document.addEventListener('htmx:afterSettle', mark);
  select.addEventListener('change', () => setTimeout(mark));
  setTimeout(mark); // once the select has been turned into its box
});
