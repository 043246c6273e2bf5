// select[data-type-ahead]: a box that finds while one types, made by tom-select and put right where
// tom-select leaves screen readers and keyboards without a name, a role or a way.
//
// data-source="/students/search"  asks the server by POST {"q": "..."}, so that no name stands in an
//   address or a log; it answers [{"value", "text", "note"}, ...]. Without it the choices are the select's.
// data-placeholder   what the empty box says
// data-nothing       what is said where nothing was found, in place of just that
// data-create        offer for a first and last name that is not found; it is sent as "new:NAME"

import { each, make, say } from './each.js';
import { send } from './http.js';

each('select[data-type-ahead]', (select) => {
  if (typeof TomSelect === 'undefined') return; // the plain select works
  const label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
  const single = !select.multiple;
  const { source, placeholder, create, nothing } = select.dataset;
  const state = make('p', { className: 'visually-hidden', role: 'status' });

  function item(data) {
    const remove = make('button', { type: 'button', className: 'ts-remove' });
    remove.setAttribute('aria-label', `Remove ${data.text}`);
    remove.append(make('span', { ariaHidden: 'true', textContent: '×' }));
    const note = make('span', { className: 'outsider-note small', hidden: true, textContent: '(could not normally see this)' });
    return make('div', {}, make('span', { textContent: data.text }), note, remove);
  }
  function option(data) {
    const row = make('div', {}, data.text);
    if (data.note) row.append(make('span', { className: 'note', textContent: data.note }));
    return row;
  }
  const plain = (className, text) => {
    const row = make('div', { className, textContent: text });
    row.setAttribute('role', 'option'); // a listbox may hold nothing else
    row.setAttribute('aria-disabled', 'true');
    return row;
  };

  const box = new TomSelect(select, {
    maxItems: single ? 1 : null,
    placeholder: placeholder ?? null,
    hidePlaceholder: single, // hidden when it loses the focus, a line would go and a click below would miss
    closeAfterSelect: single || Boolean(source), // what was found for the last words is done with
    selectOnTab: false,
    openOnFocus: !source,
    allowEmptyOption: false,
    searchField: ['text'],
    sortField: [{ field: '$score', direction: 'desc' }, { field: '$order' }],
    // What the server found for these very words counts, in its order. Anything else in the list (the
    // select's own choices, an earlier answer) must match what is typed: else a quick Enter would choose
    // someone who was never asked for.
    score(query) {
      const matches = this.getScoreFunction(query);
      return (one) => {
        const matching = matches(one);
        if (one.foundFor === undefined || one.foundFor !== query.trim()) return matching;
        return matching > 0 ? 2 : 1; // found by a name that is not shown (a former one): after the others
      };
    },
    maxOptions: 50,
    loadThrottle: 200,
    shouldLoad: (query) => Boolean(source) && query.trim().length > 0,
    load: source ? load : null,
    // Offered only for a first and a last name that the search did not find: a name typed in by
    // mistake would start a record of its own.
    createFilter: (input) => !box.loading && /\S\s+\S/.test(input),
    create: create ? (input) => ({ value: `new:${input.trim()}`, text: input.trim(), note: 'new' }) : false,
    render: {
      item,
      option,
      option_create: (data) => {
        const row = make('div', { className: 'create', textContent: `${create}: ${data.input}` });
        row.setAttribute('role', 'option');
        return row;
      },
      no_results: (data) => plain('no-results', nothing ?? `Nothing found for “${data.input}”.`),
      loading: () => plain('no-results', 'Looking…'),
      not_loading: null,
    },
  });

  async function load(query, done) {
    try {
      const { data } = await send('POST', source, { json: { q: query }, timeout: 8000 });
      if (query.trim() !== box.inputValue()) return void done(); // a late answer to earlier words
      const found = data.map((one) => ({ ...one, value: String(one.value), foundFor: query.trim() }));
      // What an earlier query found is no answer to this one; what is chosen stays.
      for (const [value, one] of Object.entries(box.options)) {
        if (one.foundFor !== undefined && !box.items.includes(value)) box.removeOption(value, true);
      }
      done(found);
      say(state, found.length === 1 ? '1 result' : `${found.length} results`);
    } catch {
      done();
      say(state, 'The search did not answer. Please try again.');
    }
  }

  const input = box.control_input;
  box.wrapper.after(state);
  select.setAttribute('aria-hidden', 'true'); // its label now names the box
  box.dropdown_content.tabIndex = -1; // or Tab stops at the list, which scrolls, and is lost when that closes
  if (!label) for (const element of [input, box.dropdown_content]) element.setAttribute('aria-label', select.getAttribute('aria-label') ?? placeholder);
  input.setAttribute('aria-autocomplete', 'list');
  input.setAttribute('autocomplete', 'off');
  for (const name of ['aria-describedby', 'aria-invalid', 'aria-required']) {
    if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
  }
  if (select.getAttribute('aria-invalid') === 'true') box.wrapper.dataset.invalid = '';
  // A link in the summary of errors points at the select.
  select.addEventListener('focus', () => box.focus());

  // Its list opens a moment after the last key and takes the focus back from someone who has moved on.
  box.on('blur', () => {
    clearTimeout(box.refreshTimeout);
    box.refreshTimeout = null;
  });

  // What was chosen leaves the list, and the box would go on pointing at it.
  const tidy = () => {
    const pointed = input.getAttribute('aria-activedescendant');
    if (pointed !== null && !document.getElementById(pointed)) input.removeAttribute('aria-activedescendant');
  };
  box.hook('after', 'refreshOptions', tidy);
  box.on('dropdown_close', tidy);

  // Enter chooses; it must not send a half-filled form because the list was not open yet.
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') event.preventDefault();
  });

  // Capture, because tom-select would open the list and take the focus.
  for (const name of ['mousedown', 'click', 'keydown']) {
    box.control.addEventListener(name, (event) => {
      const button = event.target.closest('.ts-remove');
      if (!button) return;
      event.stopPropagation();
      if (name === 'click') drop(button);
    }, { capture: true });
  }
  function drop(button) {
    const chosen = button.closest('[data-value]');
    const text = chosen.querySelector('span').textContent;
    box.removeItem(chosen.dataset.value);
    box.inputState();
    input.focus();
    say(state, `${text} removed`);
  }
  box.on('item_add', (value) => {
    box.setTextboxValue(''); // what was typed to find them is done with
    say(state, `${box.options[value]?.text ?? ''} chosen`);
  });
});
