// Dark or light: what the system says, unless a person says otherwise.

const KEY = "mpy6a.theme";
const NEXT = { system: "dark", dark: "light", light: "system" };

const chosen = () => (NEXT[localStorage.getItem(KEY)] ? localStorage.getItem(KEY) : "system");

function apply() {
  document.documentElement.dataset.theme = chosen();
}

/** Go on to the next: system, dark, light. */
export function nextTheme(button) {
  localStorage.setItem(KEY, NEXT[chosen()]);
  apply();
  name(button);
}

/** Let the button say which it is. */
export function name(button) {
  button.textContent = `Theme: ${chosen()}`;
}

apply();
