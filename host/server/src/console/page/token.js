// Asking for a token, where the host wants one.

import { forgetToken, keepToken, token } from "./api.js";
import { byId, draw, make } from "./dom.js";

/** Ask for it. `again`: what to do when it was given. */
export function askToken(again) {
  const section = byId("token");
  const had = token() !== null;
  draw(section, { had }, () => {
    const input = make("input", {
      id: "token-text",
      type: "password",
      autocomplete: "off",
      spellcheck: "false",
      required: true,
      "data-focus": "token",
      "aria-describedby": "token-why token-where",
    });
    const given = (event) => {
      event.preventDefault();
      keepToken(input.value.trim());
      input.value = "";
      again();
    };
    return [
      make("h1", { id: "token-title" }, "This host asks who you are"),
      make(
        "p",
        { id: "token-why" },
        had
          ? "It does not accept the token that it was shown: it is mistyped, was taken out of the config, or has expired. Give another."
          : "Give a token that its config lists under [[access]].",
      ),
      make(
        "form",
        { on: { submit: given } },
        make("label", { for: "token-text" }, "Token"),
        input,
        make("button", { class: "main", type: "submit" }, "Use it"),
        had
          ? make(
              "button",
              {
                type: "button",
                on: {
                  click: () => {
                    forgetToken();
                    again();
                  },
                },
              },
              "Forget it",
            )
          : null,
      ),
      make(
        "p",
        { id: "token-where", class: "dim" },
        "It is kept in this tab alone, until the tab is closed or you forget it, and sent to this host only.",
      ),
    ];
  });
  if (section.hidden) {
    section.hidden = false;
    byId("token-text").focus();
  }
}

/** It is not needed, or was taken. */
export function tokenTaken() {
  byId("token").hidden = true;
  byId("forget").hidden = token() === null;
}
