// form[data-builder]: its fields are put in order by dragging their handles, by mouse, pen or finger, or by
// the buttons Up and Down; nothing is saved until a button below says so. Without this script the buttons
// post, and save as they go.

for (const form of document.querySelectorAll('form[data-builder]')) {
  const list = form.querySelector('[data-builder-fields]');
  const said = form.querySelector('[data-builder-said]');
  const items = () => [...list.children];

  function settle(item) {
    const all = items();
    all.forEach((one, at) => {
      one.querySelector('[data-builder-move="-1"]').disabled = at === 0;
      one.querySelector('[data-builder-move="1"]').disabled = at === all.length - 1;
    });
    said.textContent = `${item.dataset.label}: place ${all.indexOf(item) + 1} of ${all.length}. Not saved yet.`;
  }

  list.addEventListener('click', (event) => {
    const button = event.target.closest('[data-builder-move]');
    if (!button) return;
    event.preventDefault();
    const item = button.closest('li');
    if (button.dataset.builderMove === '-1') item.previousElementSibling?.before(item);
    else item.nextElementSibling?.after(item);
    settle(item);
    (button.disabled ? item.querySelector('[data-builder-move]:not(:disabled)') : button)?.focus();
  });

  list.addEventListener('pointerdown', (event) => {
    const handle = event.target.closest('[data-builder-handle]');
    if (!handle || event.button !== 0) return;
    event.preventDefault();
    const item = handle.closest('li');
    item.classList.add('builder-held');
    handle.setPointerCapture(event.pointerId);

    const middle = (one) => { const { top, height } = one.getBoundingClientRect(); return top + height / 2; };

    // the others step aside: one that was itself taken out of the page would lose the pointer
    function move({ clientY }) {
      while (item.previousElementSibling && clientY < middle(item.previousElementSibling)) {
        item.after(item.previousElementSibling);
      }
      while (item.nextElementSibling && clientY > middle(item.nextElementSibling)) {
        item.before(item.nextElementSibling);
      }
    }
    function drop() {
      item.classList.remove('builder-held');
      handle.removeEventListener('pointermove', move);
      settle(item);
    }
    handle.addEventListener('pointermove', move);
    handle.addEventListener('lostpointercapture', drop, { once: true });
  });
}
