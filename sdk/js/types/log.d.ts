/**
 * Lines into the host's log, and the last of them into the session's history. The host escapes control characters, cuts
 * long lines, and drops lines after the run's limit. What is not text becomes text.
 */

/** Every step. */
export function trace(message: unknown): void;
/** For who looks for a bug. */
export function debug(message: unknown): void;
/** What happened. */
export function info(message: unknown): void;
/** What should not happen often. */
export function warn(message: unknown): void;
/** What should not happen. */
export function error(message: unknown): void;
