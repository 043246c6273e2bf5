// Hide names and Show names: by the button, or by Alt+Shift+H. The server leaves the names out; this
// only presses the button, and tells the other tabs of the same browser.
//
// A tab that still shows names when another has hidden them loads its page again. One with a
// half-typed form is covered instead: nothing that was typed is lost, and nothing is to be seen.

import { cover } from './cover.js';

const form = document.querySelector('form[data-names]');
const hidden = document.documentElement.hasAttribute('data-names-hidden');
const tabs = new BroadcastChannel('names');
let typed = false;
let told = hidden;

window.addEventListener('keydown', (event) => {
  if (!event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey || event.code !== 'KeyH') return;
  event.preventDefault(); // on some keyboards it is a letter
  form?.requestSubmit();
});
document.addEventListener('input', () => { typed = true; }, { capture: true });

tabs.addEventListener('message', ({ data }) => {
  if (data.hidden === told) return; // each page that is opened says it again
  told = data.hidden;
  if (told === hidden) return;
  if (!typed) window.location.reload();
  else if (data.hidden) cover('blank');
});
if (form) tabs.postMessage({ hidden });
