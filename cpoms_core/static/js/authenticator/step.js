// The key step of a log-in: asks the phone, shows the two digits, and goes on once the phone approved.
// Without scripts the buttons of templates/keys/_approval.pt do the same.

import { each } from '../each.js';
import { send } from '../http.js';

const EVERY = 700; // milliseconds: the page goes on within two seconds, the way there and back included
const NO_CONNECTION = 'There is no connection just now. This page goes on asking.';

each('[data-approval]', (section) => {
  const find = (name) => section.querySelector(`[data-${name}]`);
  const { start, state, finish } = section.dataset;
  const message = find('message');

  function show({ standing, number, message: text }) {
    const waits = standing === 'waiting' || standing === 'approved';
    find('waiting').hidden = !waits;
    find('ask').hidden = waits;
    if (number) find('number').textContent = number;
    if (message.textContent !== text) message.textContent = text;
    section.dataset.standing = standing;
  }

  // True where there is something to wait for.
  function take({ status, data }) {
    if (status === 401 || status === 423) location.reload(); // logged out, or locked
    if (status !== 200 || !data) return false;
    show(data);
    if (data.standing === 'approved' || data.standing === 'used') find('finish').requestSubmit();
    return data.standing === 'waiting';
  }

  async function wait() {
    const answer = await send('GET', state);
    const away = answer.status === 0 || answer.status >= 500;
    if (away) message.textContent = NO_CONNECTION;
    if (take(answer) || away) setTimeout(wait, EVERY);
  }

  async function ask() {
    message.textContent = 'Asking your phone…';
    const answer = await send('POST', start);
    if (take(answer)) setTimeout(wait, EVERY);
    else if (answer.status !== 200) message.textContent = 'Your phone could not be asked. Try again, or type a code.';
  }

  find('ask').addEventListener('submit', (event) => {
    event.preventDefault();
    ask();
  });
  // a question that was denied or ran out is asked again only by the person
  if (section.dataset.standing === 'none' || section.dataset.standing === 'used') ask();
  else if (section.dataset.standing === 'waiting' || section.dataset.standing === 'approved') wait();
});
