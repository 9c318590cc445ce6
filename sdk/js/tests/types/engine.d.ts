/** What QuickJS has beyond ES2024, and the modules that componentize-qjs binds to the component's imports. */

interface Uint8ArrayConstructor {
  fromBase64?(text: string): Uint8Array<ArrayBuffer>;
}

interface Uint8Array {
  toBase64?(): string;
}

declare module "mpy6a:handler/http" {
  export const send: import("../../src/host/contract.js").Host["send"];
}

declare module "mpy6a:handler/log" {
  export const write: import("../../src/host/contract.js").Host["log"];
}

declare module "wasi:config/store" {
  export const get: import("../../src/host/contract.js").Host["setting"];
  export const getAll: import("../../src/host/contract.js").Host["settings"];
}
