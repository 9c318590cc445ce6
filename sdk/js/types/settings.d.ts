/** What the config gives to this kind: `[kind.plugin.settings]`. A change of the config reaches the next run. */

/** The value of a setting; undefined where the config does not give it. A store that cannot be read is a retry. */
export function get(key: string): string | undefined;
/** The value of a setting that must be there: without it the failure is permanent, and names the remedy. */
export function require(key: string): string;
/** Every setting. */
export function all(): Record<string, string>;
