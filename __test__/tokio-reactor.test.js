// The reactor for hosts that have no libuv behind their Node-API must behave as the one on libuv does.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

import { root, run } from './helpers/child.js';

const env = { WINTER_SOCKETS_REACTOR: 'tokio' };

/** Everything in which the reactor has a part. */
const FILES = [
  'abort',
  'cancel-and-close',
  'close-delivers-writes',
  'close-open-socket',
  'close-while-pending',
  'connect-failure',
  'fairness',
  'garbage-collection',
  'half-open',
  'integrity',
  'many-sockets',
  'name-resolution',
  'peer-end',
  'peer-reset',
  'piping',
  'process-lifetime',
  'reading-byob',
  'reading-chunks',
  'reading-demand',
  'reading-locks',
  'socket-info',
  'start-tls',
  'start-tls-failures',
  'tls-closing',
  'tls-handshakes',
  'tls-streams',
  'unhandled-rejections',
  'writing-backpressure',
  'writing-chunks',
  'writing-small-writes',
];

test('the variable selects the reactor', { timeout: 60_000 }, async (t) => {
  const main = async () => {
    const { createRequire } = await import('node:module');
    const { usesTokio } = createRequire(`${process.cwd()}/index.js`)('./lib/native.js');
    console.log(usesTokio);
  };
  assert.equal((await run(t, main, { env })).stdout, 'true\n');
  if (process.env.WINTER_SOCKETS_REACTOR === undefined) assert.equal((await run(t, main)).stdout, 'false\n');
});

test('the tests of the behaviour pass on the tokio reactor', { timeout: 570_000 }, async (t) => {
  // Not as a part of this run, but as one of its own.
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const files = FILES.map((name) => `__test__/${name}.test.js`);
  const child = spawn(process.execPath, ['--expose-gc', '--test', '--test-reporter=tap', ...files], {
    cwd: root,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill());
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  const [code] = await once(child, 'close');
  const total = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(output)?.[1]);
  const failures = output.match(/^ *not ok [^]*?^ *\.\.\.$/gm) ?? [];
  assert.deepEqual(failures, [], failures.join('\n'));
  assert.equal(code, 0, output);
  assert.deepEqual([total('fail'), total('cancelled'), total('skipped')], [0, 0, 0]);
  assert.ok(total('pass') > 10 * FILES.length, output);
  t.diagnostic(`${total('pass')} tests`);
});
