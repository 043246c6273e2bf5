// form[data-field]: what only a dropdown has shows while that kind is chosen; another option is added in
// place. Without this script all of it shows, and the button asks the server for more lines.

for (const form of document.querySelectorAll('form[data-field]')) {
  const part = form.querySelector('[data-dropdown]');
  const kinds = [...form.querySelectorAll('input[name="kind"]')];
  if (!part) continue;

  if (kinds.length) {
    const show = () => { part.hidden = !kinds.some((one) => one.checked && one.value === 'dropdown'); };
    form.addEventListener('change', show);
    show();
  }

  form.querySelector('[data-option-add]').addEventListener('click', (event) => {
    event.preventDefault();
    const list = form.querySelector('[data-options]');
    const added = list.lastElementChild.cloneNode(true);
    for (const input of added.querySelectorAll('input')) input.value = '';
    const text = added.querySelector('input[name="option"]');
    text.setAttribute('aria-label', `Option ${list.children.length + 1}`);
    list.append(added);
    text.focus();
  });
}
