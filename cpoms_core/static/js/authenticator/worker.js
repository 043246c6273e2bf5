// The app without a connection: its files are kept, and answered from here. What the phone asks of the
// server (nonce, enrol, pending, decide) is never kept. VERSION and FILES stand above, put there by the server.

const KEPT = `authenticator-${VERSION}`;

self.addEventListener('install', (event) => {
  const fresh = FILES.map((file) => new Request(file, { cache: 'reload', credentials: 'omit' }));
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(fresh)).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  const old = (names) => names.filter((name) => name.startsWith('authenticator-') && name !== KEPT);
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(old(names).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== 'GET' || address.origin !== location.origin) return;
  const file = request.mode === 'navigate' ? address.pathname : address.pathname + address.search;
  if (!FILES.includes(file)) return;
  event.respondWith(
    caches.open(KEPT).then((cache) => cache.match(file)).then((kept) => kept ?? fetch(request)),
  );
});
