// [data-files]: a file field that takes several files one after the other, by choosing or dragging,
// and lists them with their sizes. form[data-upload]: with files chosen it is sent by XMLHttpRequest,
// the one way that reports progress. Without this script both are plain fields and forms.
//
// The server may answer JSON {"location": "/..."} (the request says X-Requested-With), a redirect, or
// the page with errors (4xx): that is shown in place and the chosen files are kept.

import { each, make, say } from './each.js';
import { csrfToken } from './http.js';

const size = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} KB` : `${(bytes / 1e6).toFixed(1)} MB`);

each('[data-files]', (zone) => {
  const input = zone.querySelector('input[type="file"]');
  const list = zone.querySelector('.drop-list');
  let files = [...input.files];

  function put(wanted) {
    files = wanted;
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    input.files = transfer.files;
    list.replaceChildren(...files.map((file) => {
      const remove = make('button', { type: 'button', className: 'link', textContent: 'Remove' });
      remove.setAttribute('aria-label', `Remove ${file.name}`);
      remove.addEventListener('click', () => {
        put(files.filter((one) => one !== file));
        input.focus();
      });
      return make('li', {}, make('span', { className: 'name', textContent: file.name }), make('span', { className: 'quiet', textContent: size(file.size) }), remove);
    }));
  }
  const same = (one, other) => one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;
  const more = (fresh) => put([...files, ...[...fresh].filter((file) => !files.some((one) => same(one, file)))]);

  input.addEventListener('change', () => more(input.files)); // choosing again adds, it does not replace
  zone.addEventListener('files:keep', (event) => put(event.detail));
  for (const name of ['dragenter', 'dragover']) {
    zone.addEventListener(name, (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      zone.classList.add('is-over');
    });
  }
  for (const name of ['dragleave', 'drop']) zone.addEventListener(name, () => zone.classList.remove('is-over'));
  zone.addEventListener('drop', (event) => {
    event.preventDefault();
    more(event.dataTransfer.files);
  });
  if (files.length) put(files);
});

each('form[data-upload]', (form) => {
  form.addEventListener('submit', (event) => {
    const chosen = [...form.querySelectorAll('[data-files] input[type="file"]')];
    if (event.defaultPrevented || !chosen.some((input) => input.files.length)) return;
    event.preventDefault();
    const body = new FormData(form, event.submitter);
    const bar = make('progress', { max: 100, value: 0 });
    bar.setAttribute('aria-label', 'Sending the files');
    const state = make('p', { className: 'field-help', role: 'status', textContent: 'Sending the files…' });
    form.querySelector('.sending')?.append(bar, state);

    const request = new XMLHttpRequest();
    request.open('POST', form.action);
    request.setRequestHeader('X-CSRF-Token', csrfToken());
    request.setRequestHeader('X-Requested-With', 'XMLHttpRequest');
    request.setRequestHeader('Accept', 'application/json, text/html;q=0.9');
    request.upload.addEventListener('progress', ({ loaded, total }) => { bar.value = (100 * loaded) / total; });
    request.upload.addEventListener('load', () => say(state, 'Files sent. Saving…'));

    function failed(text) {
      bar.remove();
      say(state, text);
      state.className = 'field-error';
      form.dispatchEvent(new CustomEvent('submit:failed'));
    }
    request.addEventListener('error', () => failed('Nothing was recorded: the connection was lost. Your text and files are still here. Please send again.'));
    request.addEventListener('load', () => {
      const type = request.getResponseHeader('Content-Type') ?? '';
      if (type.includes('json')) {
        const { location: to, message } = JSON.parse(request.responseText);
        if (to?.startsWith('/') && !to.startsWith('//')) return location.assign(to);
        return failed(message ?? 'Nothing was recorded. Please send again.');
      }
      if (request.status < 400) return location.assign(request.responseURL);
      if (request.status === 413) return failed('Nothing was recorded: the files are too large. Leave one out and send again.');
      const page = new DOMParser().parseFromString(request.responseText, 'text/html');
      if (!page.querySelector(`#${CSS.escape(form.id)}`)) return failed('Nothing was recorded: the server could not do it. Your text and files are still here. Please send again.');
      show(page, chosen);
    });
    request.send(body);
  });

  // The form with its errors takes the place of the form; the files move over.
  function show(page, chosen) {
    const kept = new Map(chosen.map((input) => [input.name, [...input.files]]));
    window.htmx.swap('#main', page.querySelector('#main').outerHTML, { swapStyle: 'outerHTML' });
    for (const [name, files] of kept) {
      document.querySelector(`[data-files] input[name="${CSS.escape(name)}"]`)?.closest('[data-files]')
        .dispatchEvent(new CustomEvent('files:keep', { detail: files }));
    }
    document.querySelector('.errors')?.focus();
  }
});
