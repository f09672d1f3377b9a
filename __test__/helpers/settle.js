// How promises turn out.

import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * What became of a promise, for comparisons.
 *
 * @returns {Promise<{ value: unknown } | { error: unknown }>}
 */
export function outcome(promise) {
  return promise.then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
}

/** What the promise rejects with; throws if it resolves. */
export async function rejection(promise) {
  const result = await outcome(promise);
  if ('error' in result) return result.error;
  throw new Error(`expected a rejection, but it resolved with ${String(result.value)}`);
}

/** Whether the promise is still pending when everything that is under way on the loopback has happened. */
export async function isPending(promise) {
  let settled = false;
  const settle = () => (settled = true);
  promise.then(settle, settle);
  await turns(20);
  return !settled;
}

/** Lets the event loop go round, so that what is ready happens. */
export async function turns(count) {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}
