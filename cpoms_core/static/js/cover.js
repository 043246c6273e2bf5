// The cover over the whole page. It is a modal <dialog>, so that the browser itself makes the rest
// inert, keeps the focus inside and puts it above menus and other dialogs; html[data-covered] hides
// the page as well, in case something closes the dialog. The page underneath is not touched: forms,
// scroll position and focus are as they were.
//
// Parts: blank (shown again by a button), locked (needs the password), ended (logged out).

const dialog = document.querySelector('[data-cover]');
const strength = { blank: 1, locked: 2, ended: 3 };
const shown = { part: null, title: '', focus: null };

export const covered = () => shown.part;
export const part = (name) => dialog?.querySelector(`[data-cover-part="${name}"]`);

// Resolves once whatever must be kept (drafts) has been kept.
export async function cover(name) {
  if (!dialog || (shown.part && strength[shown.part] >= strength[name])) return;
  if (!shown.part) {
    shown.title = document.title;
    shown.focus = document.activeElement;
  }
  shown.part = name;
  document.documentElement.dataset.covered = '';
  document.title = 'Screen hidden'; // the tab must not tell either
  for (const section of dialog.querySelectorAll('[data-cover-part]')) section.hidden = section.dataset.coverPart !== name;
  dialog.setAttribute('aria-labelledby', `cover-${name}`);
  if (!dialog.open) dialog.showModal();
  part(name).querySelector('input:not([type="hidden"]), button, a')?.focus();

  const waits = [];
  document.dispatchEvent(new CustomEvent('cover:on', { detail: { name, waits } }));
  await Promise.race([Promise.allSettled(waits), new Promise((done) => setTimeout(done, 3000))]);
}

export function uncover() {
  if (!shown.part) return;
  const { title, focus } = shown;
  shown.part = null;
  dialog.close();
  delete document.documentElement.dataset.covered;
  document.title = title;
  if (focus?.isConnected) focus.focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent('cover:off'));
}

// Escape closes dialogs, and some browsers insist; the cover stays until uncover() is called.
dialog?.addEventListener('cancel', (event) => event.preventDefault());
dialog?.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') event.preventDefault();
});
dialog?.addEventListener('close', () => {
  if (shown.part) dialog.showModal();
});
