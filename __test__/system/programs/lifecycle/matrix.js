// A matrix of cases, each a test of its own, printed as a table when all are over.

import { after, describe, test } from 'node:test';

/**
 * @typedef {object} Case
 * @property {string} name As a sentence.
 * @property {string} [not] Why it is not to be had on this Node or system. It is in the table then, and no test.
 * @property {(t: import('node:test').TestContext) => Promise<string>} run Gives the outcome in words.
 */

/**
 * @param {string} title
 * @param {Case[]} cases
 */
export function matrix(title, cases) {
  const outcomes = new Map(cases.map(({ name, not }) => [name, not === undefined ? 'failed' : `– (${not})`]));
  describe(title, { concurrency: 2 }, () => {
    for (const { name, not, run } of cases) {
      if (not !== undefined) continue;
      test(name, { timeout: 120_000 }, async (t) => {
        outcomes.set(name, await run(t));
      });
    }
  });
  after(() => {
    const rows = [['Case', 'Node', 'Outcome'], ...outcomes].map(([name, outcome, last]) =>
      last === undefined ? [name, process.versions.node, outcome] : [name, outcome, last],
    );
    const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)));
    for (const row of rows) {
      console.log(`| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
    }
  });
}
