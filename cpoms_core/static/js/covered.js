// Before anything is drawn: a tab that was blanked stays blank when its page is loaded again or the back
// button is pressed. No module, because those run when the page is to be seen already; blank.js then opens
// the cover itself. Only the fact is kept, in this tab, until it closes.
try {
  if (sessionStorage.getItem('covered')) document.documentElement.dataset.covered = '';
} catch { /* storage may be forbidden; then a page that is loaded again is shown */ }
