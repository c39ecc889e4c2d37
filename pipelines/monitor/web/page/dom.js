// SPDX-License-Identifier: LGPL-2.1-or-later
// Texts are only ever set as text: nothing that comes from outside becomes an element.

export const byId = (id) => document.getElementById(id);

// A copy of what a template holds.
export const copyOf = (id) => byId(id).content.firstElementChild.cloneNode(true);

// Leaves alone what is the same, so that screen readers tell only what is new.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Shown where there is something to say.
export function say(element, text) {
  setText(element, text);
  element.hidden = text === "";
}

export function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

// Makes `list` hold the views of `items` in their order, one for each key, old ones where there
// are any, so that focus and what was opened stay. `views` is a Map of key to {element, update()}.
export function showAll(list, views, items, keyOf, makeView) {
  const keys = new Set(items.map(keyOf));
  for (const [key, view] of views) {
    if (keys.has(key)) continue;
    view.element.remove();
    view.drop?.();
    views.delete(key);
  }
  const focused = document.activeElement;
  items.forEach((item, index) => {
    const key = keyOf(item);
    if (!views.has(key)) views.set(key, makeView(item));
    const { element } = views.get(key);
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
    views.get(key).update(item);
  });
  // What is moved loses it.
  if (list.contains(focused) && document.activeElement !== focused) focused.focus({ preventScroll: true });
}
