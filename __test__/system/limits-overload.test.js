// More sockets at the same time than two cores can serve at once: everything gets slower, and nothing fails.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

import { needsLinux } from './helpers/platform.js';
import { run, start } from './helpers/program.js';

const isLong = process.env.WINTER_SOCKETS_LONG === '1';

/** Descriptors that a process has besides its sockets. */
const OTHERS = 200;

const counts = isLong ? [1000, Math.min(10_000, mostDescriptors() - OTHERS)] : [1000];

for (const count of counts) {
  const options = { timeout: 300_000, skip: needsLinux };
  test(`${count} busy sockets in one process get slower, and none fails`, options, async (t) => {
    // A listener has a queue of 4,096.
    const hosts = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'];
    const { port } = await start(t, 'limits/echo-server', { hosts }).message();
    const result = await run(t, 'limits/overload', { hosts, port, sockets: count, rounds: 20 });
    const ms = (values) => values.map((value) => value.toFixed(1)).join(' / ');
    t.diagnostic(
      `${result.seconds.toFixed(1)} s: all connect() calls ${ms([result.connecting])} ms, all open after ` +
        `${ms([result.opened])} ms, round trips p50/p99/most ${ms(result.latency)} ms, ` +
        `event-loop delay p50/p99/most ${ms(result.delay)} ms, longest work without a turn ${ms([result.longest.worked])} ms`,
    );
    assert.equal(result.open, count);
    assert.equal(result.count, count * 20);
    assert.equal(result.after, result.before);
  });
}

/** The limit of this process, which its children have as well. */
function mostDescriptors() {
  const { stdout } = spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' });
  return Number(stdout) || Infinity;
}
