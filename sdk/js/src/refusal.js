/**
 * @file How the `err` of a WIT result arrives: componentize-qjs throws an Error whose own `payload` is the variant,
 * `{ tag: "case", val: … }`. The stage of the tests throws the same.
 */

/**
 * The variant that an import refused with. Any other error passes: it is a bug, here or in the handler.
 *
 * @param {unknown} error What a call of an import threw.
 * @returns {{ tag: any, val?: any }}
 */
export function refusal(error) {
  const { payload } = /** @type {{ payload?: { tag: any, val?: any } }} */ (error);
  if (typeof payload?.tag !== "string") throw error;
  return payload;
}

/** @param {{ tag: string, val?: unknown }} payload The variant to refuse with. */
export function refuse(payload) {
  return Object.assign(new Error(`refused: ${payload.tag}`), { payload });
}
