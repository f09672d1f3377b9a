// Tests that are rows of a table: a server, a client, and how it turns out.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { run } from './child.js';
import { timeout } from './deadline.js';
import { attempt, attemptWithNode } from './tls-attempt.js';
import { serve } from './tls-server.js';

/**
 * @typedef {object} Row
 * @property {string} case
 * @property {string} [expected] A code, or `'ok'`.
 * @property {object} [seen] What the two agree on, as in `Result` of tls-attempt.js.
 * @property {Parameters<typeof serve>[1] | ((t: import('node:test').TestContext) => ReturnType<typeof serve>)} [server]
 * @property {string} [hostname]
 * @property {object} [client] The options of `TLSSocket`.
 * @property {Record<string, string>} [env] For a client in a process of its own.
 * @property {string | false} [skip]
 */

/**
 * Tests each row, and then prints what happened next to what Node does with the same server and the same options. Where
 * the two differ that is shown, and not judged.
 *
 * @param {string} name
 * @param {Row[]} rows
 */
export function matrix(name, rows) {
  const table = [['case', 'expected', 'got', 'node:tls']];
  for (const { case: title, expected = 'ok', seen = {}, skip = false, ...row } of rows) {
    test(`${title}: ${expected}`, { timeout, skip }, async (t) => {
      const { ours, nodes } = await compare(t, row);
      table.push([title, expected, ours.code, nodes.code]);
      assert.equal(ours.code, expected);
      const picked = Object.fromEntries(Object.keys(seen).map((key) => [key, ours[key]]));
      assert.deepEqual(picked, seen);
    });
  }
  test(name, (t) => {
    assert.equal(table.length - 1, rows.filter(({ skip }) => !skip).length);
    const widths = table[0].map((_, i) => Math.max(...table.map((line) => line[i].length)));
    for (const line of table)
      t.diagnostic(
        line
          .map((cell, i) => cell.padEnd(widths[i]))
          .join(' | ')
          .trimEnd(),
      );
  });
}

/** Connects twice, each time to a server of its own. */
async function compare(t, { server = {}, hostname = 'localhost', client = {}, env }) {
  const start = typeof server === 'function' ? server : (context) => serve(context, server);
  const addresses = [await start(t), await start(t)].map(({ port }) => ({ hostname, port }));
  if (env !== undefined) return inChild(t, addresses, client, env);
  return { ours: await attempt(addresses[0], client), nodes: await attemptWithNode(addresses[1], client) };
}

async function inChild(t, addresses, client, env) {
  const main = async (_, [ours, nodes], options) => {
    const { attempt, attemptWithNode } = await import('./__test__/helpers/tls-attempt.js');
    const results = { ours: await attempt(ours, options), nodes: await attemptWithNode(nodes, options) };
    console.log(JSON.stringify(results));
  };
  const { stdout, stderr } = await run(t, main, { args: [addresses, client], env });
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout);
}
