// A reporter for `node --test` that writes the totals, and the names of the skipped and the failed tests, as one line of
// JSON.

import { relative } from 'node:path';

/**
 * @typedef {object} Totals
 * @property {number} tests
 * @property {number} pass
 * @property {number} fail
 * @property {number} cancelled
 * @property {number} skipped
 * @property {number} todo
 * @property {string[]} skippedNames
 * @property {string[]} failures Each with its file, and what it failed with.
 */

const NAMES = new Set(['tests', 'pass', 'fail', 'cancelled', 'skipped', 'todo']);

/**
 * @param {AsyncIterable<import('node:test/reporters').TestEvent>} source
 * @returns {AsyncGenerator<string, void>}
 */
export default async function* totals(source) {
  /** @type {Totals} */
  const sums = {
    tests: 0,
    pass: 0,
    fail: 0,
    cancelled: 0,
    skipped: 0,
    todo: 0,
    skippedNames: [],
    failures: [],
  };
  for await (const { type, data } of source) {
    if (type === 'test:diagnostic' && data.nesting === 0) {
      // The runner's own count comes last, as "tests 12". Node 20 has no event for it.
      const [name = '', count] = data.message.split(' ');
      if (NAMES.has(name)) Object.assign(sums, { [name]: Number(count) });
    }
    if ((type === 'test:pass' || type === 'test:fail') && data.skip !== undefined && data.skip !== false) {
      const reason = typeof data.skip === 'string' && data.skip !== '' ? ` (${data.skip})` : '';
      sums.skippedNames.push(data.name + reason);
    }
    // A test that fails because one within it does says nothing more.
    if (type === 'test:fail' && Reflect.get(data.details.error, 'failureType') !== 'subtestsFailed') {
      sums.failures.push(`${relative('', data.file ?? '')}: ${data.name}: ${reasonOf(data.details.error)}`);
    }
  }
  yield `${JSON.stringify(sums)}\n`;
}

/**
 * What a test failed with, on one line: the runner's error has it as its cause, or says itself what went wrong.
 *
 * @param {Error} error
 */
function reasonOf(error) {
  const cause = error.cause instanceof Error ? error.cause.message : (error.cause ?? error.message);
  return `${cause}`.replaceAll(/\s+/g, ' ').slice(0, 400);
}
