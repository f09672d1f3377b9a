// A reporter for `node --test` that writes the totals, and the names of the skipped tests, as one line of JSON.

/**
 * @typedef {object} Totals
 * @property {number} tests
 * @property {number} pass
 * @property {number} fail
 * @property {number} cancelled
 * @property {number} skipped
 * @property {number} todo
 * @property {string[]} skippedNames
 */

/**
 * @param {AsyncIterable<import('node:test/reporters').TestEvent>} source
 * @returns {AsyncGenerator<string, void>}
 */
export default async function* totals(source) {
  /** @type {Totals} */
  const sums = { tests: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0, skippedNames: [] };
  for await (const { type, data } of source) {
    if (type === 'test:diagnostic' && data.nesting === 0) {
      // The runner's own count comes last, as "tests 12". Node 20 has no event for it.
      const [name = '', count] = data.message.split(' ');
      if (name in sums && name !== 'skippedNames') Object.assign(sums, { [name]: Number(count) });
    }
    if ((type === 'test:pass' || type === 'test:fail') && data.skip !== undefined && data.skip !== false) {
      const reason = typeof data.skip === 'string' && data.skip !== '' ? ` (${data.skip})` : '';
      sums.skippedNames.push(data.name + reason);
    }
  }
  yield `${JSON.stringify(sums)}\n`;
}
