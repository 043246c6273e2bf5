// Markers on the maps of a form. [data-maps] holds a hidden text, [data-maps-value], with all markers as JSON: that is
// what is sent, and what a draft keeps. Each [data-map] has a picture, [data-map-place], on which a marker is placed by
// click, tap or keys. Which region of the body it is in is worked out here only to say it: the server does so again, by
// the same outlines (body.py), which it wrote into the picture.

import { each, make, say } from '../../../js/each.js';

const WIDTH = 440;
const MOST = 50;
const NEAR = 14;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const FAR = 8;
const FINE = 2;

each('[data-maps]', (root) => {
  const value = root.querySelector('[data-maps-value]');
  const list = root.querySelector('[data-map-list]');
  const state = root.querySelector('[data-maps-state]');
  const markers = read(value.value);
  const maps = new Map([...root.querySelectorAll('[data-map]')].map((fold) => [fold.dataset.map, mapOf(fold)]));
  let moving = null;

  function save() {
    value.value = JSON.stringify(markers);
    value.dispatchEvent(new Event('input', { bubbles: true }));
  }

  // --- a map ---

  function mapOf(fold) {
    const place = fold.querySelector('[data-map-place]');
    const svg = place.querySelector('svg');
    const box = svg.viewBox.baseVal;
    const map = {
      fold,
      place,
      svg,
      name: fold.dataset.map,
      title: fold.dataset.title,
      height: box.height,
      pins: svg.querySelector('[data-map-pins]'),
      cross: svg.querySelector('[data-map-cross]'),
      says: fold.querySelector('[data-map-says]'),
      count: fold.querySelector('[data-map-count]'),
      regions: [...svg.querySelectorAll('[data-region]')].map(outlineOf),
      at: { x: WIDTH / 2, y: box.height / 2 },
    };
    if (map.regions.length) map.at = { x: WIDTH / 4, y: box.height / 3 }; // the chest
    place.addEventListener('click', (event) => clicked(map, event));
    place.addEventListener('keydown', (event) => pressed(map, event));
    place.addEventListener('focus', () => {
      if (place.matches(':focus-visible')) aim(map, map.at);
    });
    place.addEventListener('blur', () => aim(map, null));
    return map;
  }

  function aim(map, at) {
    map.cross.setAttribute('visibility', at ? 'visible' : 'hidden');
    const region = at && map.regions.length ? regionAt(map, at) : null;
    for (const one of map.regions) one.element.classList.toggle('is-here', one === region);
    if (!at) return;
    map.at = at;
    map.cross.setAttribute('transform', `translate(${at.x} ${at.y})`);
    say(map.says, wordsAt(map, at));
  }

  function clicked(map, event) {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.svg.getScreenCTM().inverse());
    if (at.x < 0 || at.y < 0 || at.x > WIDTH || at.y > map.height) return;
    map.at = { x: at.x, y: at.y };
    put(map);
  }

  function pressed(map, event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const step = STEPS[event.key];
    if (step) {
      const by = event.shiftKey ? FINE : FAR;
      aim(map, { x: within(map.at.x + step[0] * by, WIDTH), y: within(map.at.y + step[1] * by, map.height) });
    } else if (event.key === 'Enter' || event.key === ' ') {
      put(map);
    } else if (event.key === 'Escape' && moving !== null) {
      say(state, `Marker ${moving + 1} stays where it is.`);
      moving = null;
    } else return;
    event.preventDefault();
  }

  function put(map) {
    const where = { map: map.name, x: part(map.at.x, WIDTH), y: part(map.at.y, map.height) };
    let number = moving;
    if (moving !== null) {
      Object.assign(markers[moving], where);
    } else if (markers.length < MOST) {
      number = markers.push({ ...where, note: '' }) - 1;
    } else {
      say(map.says, `There are ${MOST} markers already. Remove one first.`);
      return;
    }
    say(state, `Marker ${number + 1} ${moving === null ? 'placed' : 'moved'}: ${whereIs(markers[number])}. Write a note to it.`);
    moving = null;
    draw();
    save();
    list.children[number].querySelector('input').focus();
  }

  // --- the list ---

  function draw() {
    for (const map of maps.values()) {
      map.pins.replaceChildren();
      const count = markers.filter((one) => one.map === map.name).length;
      map.count.textContent = count ? `${count} ${count === 1 ? 'marker' : 'markers'}` : '';
    }
    list.replaceChildren(...markers.map(row));
    markers.forEach((one, at) => {
      const map = maps.get(one.map);
      if (map && one.x !== null) map.pins.append(pin(at + 1, one.x * WIDTH, one.y * map.height));
    });
  }

  function row(one, at) {
    const number = at + 1;
    const id = `${root.id}-note-${number}`;
    const show = make('button', { type: 'button', className: 'map-number', textContent: number });
    show.setAttribute('aria-label', `Show marker ${number} on the map`);
    show.addEventListener('click', () => lead(one));
    const note = make('input', { type: 'text', className: 'form-control', id, value: one.note, maxLength: 500, autocomplete: 'off' });
    note.addEventListener('input', () => { one.note = note.value; save(); });
    note.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') event.preventDefault(); // it would send the form
    });
    const move = make('button', { type: 'button', className: 'link', textContent: `Move marker ${number}` });
    move.addEventListener('click', () => {
      moving = at;
      const map = lead(one);
      say(map.says, `Choose the new place of marker ${number}. Escape leaves it where it is.`);
    });
    const gone = make('button', { type: 'button', className: 'link', textContent: `Remove marker ${number}` });
    gone.addEventListener('click', () => remove(at));
    const item = make('li', {}, show, make('div', {},
      make('label', { htmlFor: id, textContent: `Marker ${number}: ${whereIs(one)}` }),
      note,
      make('div', { className: 'map-tools' }, move, gone)));
    for (const [type, lit] of [['pointerenter', true], ['pointerleave', false], ['focusin', true], ['focusout', false]]) {
      item.addEventListener(type, () => light(at, lit));
    }
    return item;
  }

  function light(at, lit) {
    list.children[at]?.classList.toggle('is-lit', lit);
    root.querySelector(`[data-pin="${at + 1}"]`)?.classList.toggle('is-lit', lit);
  }

  function lead(one) {
    const map = maps.get(one.map) ?? [...maps.values()][0];
    map.fold.open = true;
    if (maps.has(one.map) && one.x !== null) map.at = { x: one.x * WIDTH, y: one.y * map.height };
    map.place.focus();
    aim(map, map.at);
    return map;
  }

  function remove(at) {
    markers.splice(at, 1);
    moving = null;
    draw();
    save();
    say(state, `Marker ${at + 1} removed.${at < markers.length ? ' Those after it have new numbers.' : ''}`);
    const next = list.children[Math.min(at, markers.length - 1)];
    (next?.querySelector('input') ?? root.querySelector('summary')).focus();
  }

  function whereIs(one) {
    const map = maps.get(one.map);
    if (!map) return 'on a map that this school does not have';
    const words = one.x === null ? 'not placed on the picture' : wordsAt(map, { x: one.x * WIDTH, y: one.y * map.height });
    return map.regions.length ? words : `${map.title}, ${words}`;
  }

  function pin(number, x, y) {
    const made = svgElement('g', { class: 'map-pin', 'data-pin': number });
    made.append(svgElement('rect', { x: x - 11, y: y - 11, width: 22, height: 22, rx: 11 }));
    made.append(Object.assign(svgElement('text', { x, y: y + 4.6 }), { textContent: number }));
    made.addEventListener('pointerenter', () => light(number - 1, true));
    made.addEventListener('pointerleave', () => light(number - 1, false));
    return made;
  }

  draw();
});

// --- where a point is ---

function wordsAt(map, at) {
  if (map.regions.length) {
    return regionAt(map, at)?.label ?? `Beside the body, ${at.x < WIDTH / 2 ? 'front' : 'back'}`;
  }
  return `${Math.round(at.x / WIDTH * 100)} % from the left, ${Math.round(at.y / map.height * 100)} % from the top`;
}

function regionAt(map, { x, y }) {
  const inside = map.regions.findLast(({ points }) => holds(points, x, y)); // what is drawn last lies on top
  if (inside) return inside;
  let nearest = null;
  let least = NEAR;
  for (const one of map.regions) {
    if ((one.points[0][0] < WIDTH / 2) !== (x < WIDTH / 2)) continue; // the other body
    const away = awayFrom(one.points, x, y);
    if (away < least) [nearest, least] = [one, away];
  }
  return nearest;
}

function outlineOf(element) {
  const points = element.getAttribute('points').split(' ').map((pair) => pair.split(',').map(Number));
  return { element, points, label: element.dataset.region };
}

function edges(points) {
  return points.map((point, at) => [point, points[(at + 1) % points.length]]);
}

function holds(points, x, y) {
  let inside = false;
  for (const [[ax, ay], [bx, by]] of edges(points)) {
    if ((ay > y) !== (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

function awayFrom(points, x, y) {
  let least = Infinity;
  for (const [[ax, ay], [bx, by]] of edges(points)) {
    const [dx, dy] = [bx - ax, by - ay];
    const length = dx * dx + dy * dy;
    const along = length ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
    least = Math.min(least, Math.hypot(x - ax - along * dx, y - ay - along * dy));
  }
  return least;
}

function within(number, most) {
  return Math.min(most, Math.max(0, number));
}

function part(number, whole) {
  return Math.round(within(number, whole) / whole * 1e4) / 1e4;
}

function read(text) {
  try {
    const found = JSON.parse(text || '[]');
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

function svgElement(name, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
