// What the programs have in common: they are told what to do by the test that starts them, and tell it what happened.

import { readdirSync } from 'node:fs';

export const data = process.argv[2] === undefined ? {} : JSON.parse(process.argv[2]);

/**
 * Tells the test; resolves when the message has left.
 *
 * @param {object} message
 * @returns {Promise<void>}
 */
export function tell(message) {
  return new Promise((resolve, reject) =>
    process.send(message, (error) => (error ? reject(error) : resolve())),
  );
}

/** How many descriptors this process has open. */
export function descriptors() {
  return readdirSync('/proc/self/fd').length;
}

/** The same, when what is under way in other threads has come to its end: when it has not changed for a while. */
export async function steadyDescriptors(count = descriptors) {
  let number = count();
  for (let same = 0; same < 20; same++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (count() !== number) same = 0;
    number = count();
  }
  return number;
}

/** How many are open once they are as many as they were, or after 30 seconds: the last ones are closed in the background. */
export async function descriptorsBackTo(number, count = descriptors) {
  await until(() => count() === number);
  return count();
}

/** Lets the event loop turn, with a collection of garbage each time. */
export async function collect(turns = 10) {
  for (let turn = 0; turn < turns; turn++) {
    globalThis.gc();
    await new Promise(setImmediate);
  }
}

/**
 * Lets the event loop turn until something is the case, or for 30 seconds.
 *
 * @param {() => boolean} isDone
 */
export async function until(isDone, step = () => new Promise((resolve) => setTimeout(resolve, 5))) {
  const end = performance.now() + 30_000;
  while (!isDone() && performance.now() < end) await step();
  return isDone();
}
