// [data-files]: a file field that takes several files one after the other, by choosing or dragging,
// and lists them with their sizes; one that is larger than data-largest (bytes) is refused at once.
// The names of the files go into the form as files_chosen: a draft keeps them, and the page says which
// files have to be chosen again. form[data-upload]: with files chosen it is sent by XMLHttpRequest, the
// one way that reports progress. Without this script both are plain fields and forms.
//
// The server may answer JSON {"location": "/..."} (the request says X-Requested-With), a redirect, or
// the page with errors (4xx): that is shown in place and the chosen files are kept.

import { each, make, say } from './each.js';
import { coverFor, csrfToken } from './http.js';

const LIST = new Intl.ListFormat('en-GB', { type: 'conjunction' });
const names = (files) => LIST.format(files.map((file) => `“${file.name}”`));
const tooLarge = (zone) => [...zone.querySelector('input[type="file"]').files].filter((file) => file.size > Number(zone.dataset.largest || Infinity));
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
    const large = tooLarge(zone);
    zone.querySelector('[data-chosen-before]')?.remove();
    list.replaceChildren(...files.map((file) => {
      const remove = make('button', { type: 'button', className: 'link', textContent: 'Remove' });
      remove.setAttribute('aria-label', `Remove ${file.name}`);
      remove.addEventListener('click', () => {
        put(files.filter((one) => one !== file));
        input.focus();
      });
      const name = make('span', { className: 'name', textContent: file.name });
      if (large.includes(file)) name.append(make('span', { className: 'too-large', textContent: `Too large: at most ${Math.round(zone.dataset.largest / 1048576)}\u00a0MB. Leave it out.` }));
      const kept = make('input', { type: 'hidden', name: 'files_chosen', value: file.name });
      return make('li', {}, name, make('span', { className: 'quiet', textContent: size(file.size) }), remove, kept);
    }));
    zone.dispatchEvent(new Event('input', { bubbles: true })); // a draft keeps the names
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
    const zones = [...form.querySelectorAll('[data-files]')];
    let bars = null;
    let stop = null;
    let removers = [];
    const state = make('p', { className: 'field-help', role: 'status' });
    form.querySelector('.sending > p.field-error[role="status"]')?.remove(); // of the time before
    form.querySelector('.sending')?.append(state);
    const large = zones.flatMap(tooLarge);
    if (large.length) return failed(`Nothing was sent: ${names(large)} ${large.length > 1 ? 'are' : 'is'} too large. Leave ${large.length > 1 ? 'them' : 'it'} out and send again.`);
    const body = new FormData(form, event.submitter);
    const files = chosen.flatMap((input) => [...input.files]);
    bars = progressOf(zones);
    stop = make('button', { type: 'button', className: 'btn', textContent: 'Stop sending' });
    removers = zones.flatMap((zone) => [...zone.querySelectorAll('.drop-list button')]);
    for (const one of removers) one.disabled = true;
    form.querySelector('.sending')?.append(stop);
    say(state, 'Sending the files…');

    const request = new XMLHttpRequest();
    request.open('POST', form.action);
    request.setRequestHeader('X-CSRF-Token', csrfToken());
    request.setRequestHeader('X-Requested-With', 'XMLHttpRequest');
    request.setRequestHeader('Accept', 'application/json, text/html;q=0.9');
    let sent = 0; // bytes of the files: what is in front of them and between them is little
    request.upload.addEventListener('progress', ({ loaded, total }) => {
      sent = Math.max(0, loaded - (total - files.reduce((sum, file) => sum + file.size, 0)));
      bars.show(sent);
    });
    request.upload.addEventListener('load', () => { stop.remove(); say(state, 'Files sent. Saving…'); });
    stop.addEventListener('click', () => request.abort());

    function failed(text) {
      bars?.end();
      stop?.remove();
      for (const one of removers) one.disabled = false;
      say(state, text);
      state.className = 'field-error';
      form.dispatchEvent(new CustomEvent('submit:failed'));
    }
    request.addEventListener('abort', () => failed('Nothing was recorded: you stopped the sending. Your text and files are still here.'));
    // Without an answer nobody here knows whether all of it arrived. A form with a submission's id is recorded only once.
    const unsure = form.elements.submission
      ? 'It may be recorded already. Your text and files are still here. Send again: it is recorded only once.'
      : 'It may be done already. Your text and files are still here: look before you send again.';
    request.addEventListener('error', () => failed(`No answer came: the connection was lost${at(files, sent)}. ${unsure}`));
    request.addEventListener('load', () => {
      const type = request.getResponseHeader('Content-Type') ?? '';
      if ([401, 423].includes(request.status)) {
        coverFor(request.status);
        return failed(`Nothing was recorded: ${request.status === 423 ? 'the screen was locked' : 'you were logged out'}. Your text and files are still here. Please send again.`);
      }
      if (type.includes('json')) {
        const { location: to, message } = JSON.parse(request.responseText);
        if (to?.startsWith('/') && !to.startsWith('//')) return location.assign(to);
        return failed(message ?? 'Nothing was recorded. Please send again.');
      }
      if (request.status < 400) return location.assign(request.responseURL);
      if (request.status === 413) return failed('Nothing was recorded: the files are too large. Leave one out and send again.');
      const page = new DOMParser().parseFromString(request.responseText, 'text/html');
      if (page.querySelector('[data-given-back]')) return show(page, []); // there is nothing to send it to any more
      if (!page.querySelector(`#${CSS.escape(form.id)}`)) return failed(`The server could not finish it. ${unsure}`);
      show(page, chosen);
    });
    request.send(body);
  });

  // Which of the files was on its way.
  function at(files, sent) {
    let before = 0;
    const current = files.find((file) => sent < (before += file.size));
    return current ? ` while ${names([current])} was sent` : '';
  }

  // A bar for each file: they go one after the other, in the order of the form.
  function progressOf(zones) {
    const rows = zones.flatMap((zone) => [...zone.querySelectorAll('.drop-list li')].map((row, index) => {
      const file = zone.querySelector('input[type="file"]').files[index];
      const bar = make('progress', { max: Math.max(1, file.size), value: 0 });
      bar.setAttribute('aria-label', `Sending ${file.name}`);
      row.append(bar);
      return { bar, size: file.size };
    }));
    return {
      show(sent) {
        for (const { bar, size: whole } of rows) {
          bar.value = Math.max(0, Math.min(whole, sent));
          sent -= whole;
        }
      },
      end() { for (const { bar } of rows) bar.remove(); },
    };
  }

  // What was answered takes the place of the form, mostly the form with its errors; the files move over.
  function show(page, chosen) {
    const kept = new Map(chosen.map((input) => [input.name, [...input.files]]));
    for (const sheet of page.head.querySelectorAll('link[rel="stylesheet"]')) {
      const href = CSS.escape(sheet.getAttribute('href'));
      if (!document.head.querySelector(`link[href="${href}"]`)) document.head.append(document.adoptNode(sheet));
    }
    document.title = page.title;
    for (const part of ['.side', '#main']) {
      window.htmx.swap(part, page.querySelector(part).outerHTML, { swapStyle: 'outerHTML' });
    }
    for (const [name, files] of kept) {
      document.querySelector(`[data-files] input[name="${CSS.escape(name)}"]`)?.closest('[data-files]')
        .dispatchEvent(new CustomEvent('files:keep', { detail: files }));
    }
    document.querySelector('.errors, [data-given-back]')?.focus();
  }
});
