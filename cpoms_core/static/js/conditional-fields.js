// [data-only-for="ID ID"]: a field that is there while one of these categories is ticked. Without this
// script all of them show, each with the categories that it is for, and the server lets those that are
// not for a chosen category pass.

const form = document.querySelector('form:has([data-only-for])');
const all = (selector, root = form) => [...root.querySelectorAll(selector)];

function ticked() {
  const found = new Set();
  for (const one of all('[data-categories] input[type="checkbox"]:checked')) {
    found.add(one.value);
    found.add(one.closest('[data-category]')?.querySelector('[data-parent]')?.value);
  }
  return found;
}

function show() {
  const chosen = ticked();
  for (const part of all('[data-only-for]')) {
    part.hidden = !part.dataset.onlyFor.split(' ').some((id) => chosen.has(id));
    for (const { id } of all('[id]', part)) {
      const link = document.querySelector(`.form-parts a[href="#${CSS.escape(id)}"]`);
      if (link) link.parentElement.hidden = part.hidden;
    }
  }
  for (const fold of all('.field-fold')) {
    const parts = [...fold.children].filter((one) => one.matches('.field, [data-only-for]'));
    fold.hidden = parts.length > 0 && parts.every((one) => one.hidden);
  }
}

if (form) {
  for (const hint of all('[data-only-for-names]')) hint.hidden = true;
  form.addEventListener('change', (event) => { if (event.target.closest('[data-categories]')) show(); });
  show();
}
