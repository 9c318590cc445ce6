/**
 * @file Promises during a run. Nothing settles one: the engine calls the handler as a plain function and never comes to its queue of
 * jobs, so what waits for a promise is lost without a word, and a session that was deleted meanwhile is gone.
 *
 * The queue cannot be looked at, and neither can a promise. What can be seen is somebody who begins to wait: by `then`, to which
 * `catch`, `finally` and `Promise.all` lead, or by `await` of a promise, which asks it for its constructor. `await` of another object
 * asks that for `then`: what the host's calls return has one that tells ({@link begin}). `await` of text, a number or nothing shows to
 * nobody; so the builder lets no async function in (bin/async-functions.js).
 */

/** What is waited for during a run does not come, under Node neither. */
const never = () => {};

/**
 * Begin to wait, as `await` of a promise does, by which whoever watches is told; in whichever copy of this module, for a bundle has
 * its own.
 *
 * @returns {(() => void) | undefined} A `then` for what is waited for, if anybody watches.
 */
export function begin() {
  const { get } = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(Promise.prototype, "constructor"));
  get?.call(Promise.prototype);
  return get && never;
}

/**
 * Watch, until the function that comes back is called: it says where somebody first began to wait, as an error with that place; or
 * `undefined`.
 *
 * @returns {() => Error | undefined}
 */
export function watch() {
  const { prototype } = Promise;
  const { then } = prototype;
  const constructor = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(prototype, "constructor"));
  /** @type {Error | undefined} */
  let first;
  const waits = () => void (first ??= new TypeError("a promise was waited for during a run"));

  // Under Node jobs do run, after the run: then a test would pass that no component does.
  prototype.then = function () {
    waits();
    return new Promise(() => {});
  };
  Object.defineProperty(prototype, "constructor", {
    configurable: true,
    get() {
      waits();
      return constructor.value;
    },
  });
  return () => {
    prototype.then = then;
    Object.defineProperty(prototype, "constructor", constructor);
    return first;
  };
}
