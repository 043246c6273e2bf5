// What this phone keeps, in IndexedDB: for each account its label and two keys that the browser uses and
// never gives out, the one of the codes and the one that signs answers.

const STORE = 'accounts';
const UNFINISHED = 'new:';

let opened;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('authenticator', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function inStore(mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode);
    const request = work(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

// Accounts that are on this phone, in the order in which they were added.
export async function list() {
  const all = await inStore('readonly', (store) => store.getAll());
  return all.filter((one) => !one.id.startsWith(UNFINISHED)).sort((a, b) => a.added - b.added);
}

export const save = (account) => inStore('readwrite', (store) => store.put(account));
export const remove = (id) => inStore('readwrite', (store) => store.delete(id));

// An enrolment that may be under way is kept with its keys: when the server's answer was lost, the same
// phone shows the same key again, and is not taken for a stranger's.
export const unfinished = (token) => inStore('readonly', (store) => store.get(UNFINISHED + token));
export const keepUnfinished = (token, account) => save({ ...account, id: UNFINISHED + token });
export const dropUnfinished = (token) => remove(UNFINISHED + token);
