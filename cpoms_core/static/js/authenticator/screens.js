// What the app shows. Texts are set as text, never as markup: labels come from pictures that anybody can make.

export const part = (id) => document.getElementById(id);
const inside = (element, name) => element.querySelector(`[data-${name}]`);

// A line for everybody, read out by screen readers. kind: '', good, warn or bad.
export function say(element, text, kind = '') {
  if (element.textContent === text) return;
  element.className = kind ? `note note-${kind}` : 'note';
  element.textContent = text;
}

export function only(...shown) {
  for (const id of ['adding', 'asking']) part(id).hidden = !shown.includes(id);
}

const grouped = (code) => `${code.slice(0, 3)} ${code.slice(3)}`;
let numbers = 0;

function copyOf(template) {
  numbers += 1;
  return part(template).content.firstElementChild.cloneNode(true);
}

// The card of an account; `on` is what its buttons do: copy, remove.
export function accountCard(account, on) {
  const card = copyOf('account-card');
  inside(card, 'school').textContent = account.school;
  inside(card, 'email').textContent = account.email;
  inside(card, 'copy').addEventListener('click', on.copy);
  const sure = inside(card, 'sure');
  const text = inside(card, 'sure-text');
  sure.setAttribute('aria-label', 'Remove this account?');
  inside(card, 'remove').addEventListener('click', () => {
    sure.hidden = false;
    text.textContent = `Remove ${account.email} from this phone? It then shows no codes for ${account.school} any more. The key stays in your account: remove it there, too.`;
    text.focus();
  });
  inside(card, 'remove-no').addEventListener('click', () => {
    sure.hidden = true;
    inside(card, 'remove').focus();
  });
  inside(card, 'remove-yes').addEventListener('click', on.remove);
  return {
    element: card,
    code(code, left) {
      inside(card, 'code').textContent = grouped(code);
      inside(card, 'left').textContent = left;
      inside(card, 'ring').setAttribute('stroke-dashoffset', String(30 - left));
    },
    state(text, kind) {
      say(inside(card, 'state'), text, kind);
    },
    ended(isSo) {
      inside(card, 'code-line').hidden = isSo;
      inside(card, 'copy').hidden = isSo;
    },
  };
}

// The card of a log-in that waits; `on` is what its buttons do: approve(number), deny.
export function askCard(account, ask, { many, on }) {
  const card = copyOf('ask-card');
  const number = inside(card, 'number');
  const error = inside(card, 'error');
  const id = `ask-${numbers}`;
  number.id = id;
  error.id = `${id}-error`;
  inside(card, 'number-label').htmlFor = id;
  inside(card, 'head').id = `${id}-head`;
  card.setAttribute('aria-labelledby', `${id}-head`);
  number.setAttribute('aria-describedby', error.id);
  inside(card, 'where').textContent = ask.where ? ` to ${ask.where}` : '';
  inside(card, 'at').textContent = new Date(ask.at * 1000).toLocaleString('en-GB', { weekday: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' });
  inside(card, 'browser').textContent = ask.browser;
  inside(card, 'place').textContent = ask.place;
  inside(card, 'ip').textContent = ask.ip;
  inside(card, 'email').textContent = account.email;
  inside(card, 'email-line').hidden = !many;

  function wrong(text) {
    error.textContent = text;
    number.setAttribute('aria-invalid', 'true');
    number.value = '';
    number.focus();
  }

  let busy = false;
  async function once(work) {
    if (busy) return;
    busy = true;
    for (const button of card.querySelectorAll('button')) button.setAttribute('aria-disabled', 'true');
    await work();
    for (const button of card.querySelectorAll('button')) button.removeAttribute('aria-disabled');
    busy = false;
  }

  inside(card, 'answer').addEventListener('submit', (event) => {
    event.preventDefault();
    const typed = number.value.trim();
    if (!/^[0-9]{2}$/.test(typed)) {
      wrong('Type the two digits that the log-in page shows.');
      return;
    }
    once(() => on.approve(typed));
  });
  inside(card, 'deny').addEventListener('click', () => once(on.deny));
  return {
    element: card,
    wrong,
    seconds(left) {
      inside(card, 'seconds').textContent = String(left);
    },
  };
}
