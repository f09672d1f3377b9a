import assert from 'node:assert/strict';
import { test } from 'node:test';

import { listen } from './helpers/peers.js';
import { refusedPort } from '../helpers/refused-port.js';
import { needsLinux } from './helpers/platform.js';
import { run } from './helpers/program.js';

const MIB = 2 ** 20;

/** 50 bytes for each connection. */
const MOST_HEAP_GROWTH = 1 * MIB;
/** 420 bytes for each connection of a quarter, native memory included. */
const MOST_RSS_GROWTH = 2 * MIB;

const options = { timeout: 120_000, skip: needsLinux };

/** Does what the first word that it receives says. */
function obey(socket) {
  socket.once('data', (word) => {
    if (`${word}` === 'echo') socket.write('echo');
    else if (`${word}` === 'end') socket.end('end');
    else socket.resetAndDestroy();
  });
}

test(
  '20,000 connections, ended in six ways, leave neither descriptors nor memory behind',
  options,
  async (t) => {
    // Several addresses, because one of them has no more than 28,000 ports, and each is blocked for a minute after a close.
    const hosts = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'];
    const peers = await Promise.all(hosts.map((host) => listen(t, obey, { host })));
    const addresses = hosts.map((host, i) => `${host}:${peers[i].port}`);
    const refused = `127.0.0.1:${await refusedPort(t)}`;
    const data = { addresses, refused, warmUp: 3000, cycles: 20_000, atOnce: 20 };
    // V8 lets its young generation grow to 100 MiB and more before it is content.
    const { before, quarters, after, seconds, counts } = await run(t, 'cycles', data, { youngMiB: 2 });
    const figures = ({ descriptors, rss, heapUsed, external }) =>
      `${descriptors} descriptors, RSS ${inMiB(rss)}, heap ${inMiB(heapUsed)}, external ${inMiB(external)}`;
    t.diagnostic(`20,000 cycles in ${seconds.toFixed(1)} s: ${JSON.stringify(counts)}`);
    t.diagnostic(`before:  ${figures(before)}`);
    for (const quarter of quarters) t.diagnostic(`quarter: ${figures(quarter)}`);
    t.diagnostic(`after:   ${figures(after)}`);
    assert.equal(after.descriptors, before.descriptors);
    assert.ok(after.heapUsed - before.heapUsed < MOST_HEAP_GROWTH, 'the JavaScript heap grew');
    assert.ok(after.external - before.external < MOST_HEAP_GROWTH, 'the memory of array buffers grew');
    // What leaks grows in each quarter; what an allocator keeps for a moment of many connections grows in one of them.
    const growth = quarters.slice(1).map(({ rss }, i) => rss - quarters[i].rss);
    assert.ok(Math.min(...growth) < MOST_RSS_GROWTH, 'the resident memory grew');
  },
);

test(
  '5,000 sockets that are dropped without close() are closed by the garbage collector',
  options,
  async (t) => {
    const peer = await listen(t, (socket) => {
      socket.setNoDelay(true);
      socket.once('data', () => socket.write('echo'));
    });
    const data = { port: peer.port, rounds: 10, atOnce: 500 };
    const { before, most, after, kinds, opened, closed } = await run(t, 'drops', data);
    t.diagnostic(
      `5,000 sockets in ${kinds} states: ${before} descriptors before, at most ${most}, ${after} after`,
    );
    assert.ok(most > before + 400, 'the sockets were open');
    assert.equal(closed, opened, '`closed` settled for each of them');
    assert.equal(after, before);
    await peer.allEnded();
  },
);

function inMiB(bytes) {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
