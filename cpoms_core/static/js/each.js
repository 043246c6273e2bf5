// each('[data-x]', setUp) runs setUp once for every match: those in the page now, and those that
// htmx brings in later. That is all the start-up any of these modules needs.

export function each(selector, setUp) {
  const done = new WeakSet();
  const run = (root) => {
    for (const element of [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)]) {
      if (done.has(element)) continue;
      done.add(element);
      setUp(element);
    }
  };
  run(document);
  document.addEventListener('htmx:load', (event) => run(event.detail.elt));
}

// A status line that screen readers speak needs its text to change while it is in the page.
export function say(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
