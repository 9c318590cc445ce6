// The dialog in front of everything that changes something: it says in words what will happen, and does nothing by itself.

import { byId, make } from "./dom.js";

/**
 * Ask. `body`: paragraphs or elements. `verb`: what the button says. `typed`: what has to be typed first, if anything.
 * Resolves to whether it was confirmed; Esc, the other button and a click beside it are a no.
 */
export function confirm({ title, body, verb, danger = false, typed = null }) {
  return new Promise((resolve) => {
    const yes = make("button", { class: danger ? "danger" : "main", type: "submit", id: "confirm-yes" }, verb);
    const field = typed === null ? null : typedField(typed, yes);
    open({
      title,
      body: [...body, field],
      buttons: [yes],
      submit: () => {
        close();
        resolve(true);
      },
      closed: () => resolve(false),
    });
  });
}

function typedField(typed, yes) {
  const input = make("input", { id: "confirm-typed", autocomplete: "off", inputmode: "numeric", required: true, pattern: typed });
  input.addEventListener("input", () => {
    yes.disabled = input.value.trim() !== typed;
  });
  yes.disabled = true;
  return make("p", {}, make("label", { for: "confirm-typed" }, `Type ${typed} to confirm`), input);
}

/** Say something, to be closed. */
export function tell(title, ...body) {
  open({ title, body, buttons: [], submit: close, closed: () => {}, no: "Close" });
}

/** Open the dialog with this content. Its parts may be changed while it is open; `closed` is called when it closes, however. */
export function open({ title, body, buttons, submit, closed, no = "Cancel" }) {
  const dialog = byId("dialog");
  const cancel = make("button", { type: "button", id: "confirm-no", autofocus: true, on: { click: close } }, no);
  const form = make(
    "form",
    {
      method: "dialog",
      on: {
        submit: (event) => {
          event.preventDefault();
          submit();
        },
      },
    },
    make("h2", { id: "dialog-title" }, title),
    make(
      "div",
      { class: "body" },
      ...body.filter((part) => part !== null).map((part) => (typeof part === "string" ? make("p", {}, part) : part)),
    ),
    make("div", { class: "buttons" }, cancel, ...buttons),
  );
  dialog.replaceChildren(form);
  dialog.onclose = closed;
  // Beside it: the backdrop counts as the dialog itself.
  dialog.onclick = (event) => {
    if (event.target === dialog) close();
  };
  if (!dialog.open) dialog.showModal();
}

export function close() {
  byId("dialog").close();
}

export const isOpen = () => byId("dialog").open;
