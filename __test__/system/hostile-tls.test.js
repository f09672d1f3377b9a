// Servers that send what is allowed by the letter, or nearly so, without an end. What they may cost is bounded: no turn of
// the event loop is long, memory does not grow, and most of them are told apart and refused.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { pem } from '../helpers/tls-server.js';
import { run, start } from './helpers/program.js';

/** No turn of the event loop takes longer, by our own work. */
const MOST_BLOCKED_MS = 50;

/** V8 and the allocator take some for a while, whatever is sent. */
const MOST_GROWTH = 48 * 2 ** 20;

/** The long run has so many times as much of what is put up with. */
const more = process.env.WINTER_SOCKETS_LONG === '1' ? 50 : 1;

const options = { timeout: 300_000 };
const certificate = { cert: pem('p256.pem'), key: pem('p256.key') };

/** @typedef {{ outcome: string, received: number, ms: number, cpuMs: number, worst: number, growth: number }} Cost */

/**
 * Lets a client meet a hostile server.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} name Of the server's program.
 * @returns {Promise<Cost>}
 */
async function meet(t, name, data) {
  const server = start(t, `hostile-tls/${name}`, { ...certificate, ...data });
  const ports = await server.message();
  const cost = await run(t, 'hostile-tls/client', { ...ports, ca: pem('root.pem') });
  const { outcome, received, ms, cpuMs, worst, growth } = cost;
  t.diagnostic(
    `${outcome} after ${Math.round(ms)} ms and ${Math.round(cpuMs)} ms of CPU; ${received} bytes of data; ` +
      `longest turn ${Math.round(worst)} ms; memory + ${Math.round(growth / 2 ** 20)} MiB`,
  );
  assert.ok(worst < MOST_BLOCKED_MS, `a turn of ${worst} ms`);
  assert.ok(growth < MOST_GROWTH, `memory grew by ${growth} bytes`);
  return cost;
}

describe('servers without an end', { concurrency: 3 }, () => {
  test('100,000 records of one byte all arrive, for a few microseconds each', options, async (t) => {
    const { outcome, received, cpuMs } = await meet(t, 'flood', {
      kind: 'tiny',
      count: 100_000,
      burst: 100_000,
    });
    assert.deepEqual([outcome, received], ['ended', 'begin'.length + 100_000]);
    assert.ok(cpuMs < 5000, `${cpuMs} ms of CPU`);
  });

  for (const [kind, count, bytesEach] of [
    ['empty, with data', 1000, 1],
    ['updates that want an answer, with data', 5000, 1],
    ['tickets', 20_000, 0],
  ]) {
    test(`a flood that breaks no rule is put up with: ${kind}`, options, async (t) => {
      const { outcome, received } = await meet(t, 'flood', { kind, count: count * more, burst: 1000 });
      assert.deepEqual([outcome, received], ['ended', 'begin'.length + count * more * bytesEach]);
    });
  }

  for (const kind of ['empty', 'updates', 'updates that want an answer', 'alerts']) {
    test(`an endless flood is refused: ${kind}`, options, async (t) => {
      const { outcome, received } = await meet(t, 'flood', { kind, burst: 1000 });
      assert.deepEqual([outcome, received], ['EPROTO', 'begin'.length]);
    });
  }

  for (const [kind, expected] of [
    ['empty', 'EPROTO'],
    ['requests to renegotiate', 'EPROTO'],
    ['alerts', 'EPROTO'],
  ]) {
    test(`over TLS 1.2, an endless flood is refused: ${kind}`, options, async (t) => {
      const { outcome, received } = await meet(t, 'flood', { version: 'TLSv1.2', kind, burst: 1000 });
      assert.deepEqual([outcome, received], [expected, 'begin'.length]);
    });
  }

  for (const kind of ['tiny', 'empty, with data']) {
    test(`over TLS 1.2, a flood that breaks no rule is put up with: ${kind}`, options, async (t) => {
      const count = 1000 * more;
      const { outcome, received } = await meet(t, 'flood', { version: 'TLSv1.2', kind, count, burst: 1000 });
      assert.deepEqual([outcome, received], ['ended', 'begin'.length + count]);
    });
  }

  for (const [kind, outcome] of [
    ['a giant message', 'ERR_SSL_BAD_RECORD_TYPE'],
    ['changes of cipher', 'EPROTO'],
    ['warnings', 'EPROTO'],
    ['empty records', 'ERR_SSL_BAD_RECORD_TYPE'],
  ]) {
    test(`a handshake that never ends is refused: ${kind}`, options, async (t) => {
      assert.equal((await meet(t, 'handshake', { kind })).outcome, outcome);
    });
  }

  for (const count of [20, 60]) {
    test(`a chain of ${count} certificates more than are needed costs no long time`, options, async (t) => {
      const { received } = await meet(t, 'handshake', { kind: 'a chain', count });
      assert.equal(received, 'begin'.length);
    });
  }

  test('a chain of 1,000 certificates is refused', options, async (t) => {
    const { outcome } = await meet(t, 'handshake', { kind: 'a chain', count: 1000 });
    assert.equal(outcome, 'ERR_SSL_BAD_RECORD_TYPE');
  });
});
