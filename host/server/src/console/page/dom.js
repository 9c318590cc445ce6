// Making elements. Whatever comes from the host goes in as text: nothing here, or anywhere in the page, parses HTML.

/** An element. `attributes`: `on` has listeners by event; what is null or false is left out, true is an empty attribute. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** What each element shows, as its key said. */
const shown = new WeakMap();

/**
 * Show in an element what `build` makes, if `key` differs from the last time: what did not change is left alone, with whatever a
 * person selected in it. The element that had the focus has it afterwards, too: the one with the same `data-focus`.
 */
export function draw(element, key, build) {
  const text = JSON.stringify(key);
  if (shown.get(element) === text) return;
  shown.set(element, text);
  const held = element.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
  element.replaceChildren(...[build()].flat().filter((child) => child !== null));
  if (held !== undefined) focusOn(element, held);
}

/** Give the focus to the element inside with this `data-focus`. */
export function focusOn(element, name) {
  const found = [...element.querySelectorAll("[data-focus]")].find((it) => it.dataset.focus === name);
  found?.focus({ preventScroll: true });
  return found !== undefined;
}

/** Tell whoever listens instead of looking. */
export function say(words) {
  byId("said").textContent = words;
}
