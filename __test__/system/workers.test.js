import assert from 'node:assert/strict';
import { test } from 'node:test';

import { echo, flood, listen, listenWithFullBacklog } from './helpers/peers.js';
import { needsLinux } from './helpers/platform.js';
import { run } from './helpers/program.js';

const options = { timeout: 120_000, skip: needsLinux };

test('50 workers that are terminated in the middle of transfers leave nothing behind', options, async (t) => {
  const busy = await listen(t, flood);
  const echoing = await listen(t, echo);
  const data = { workers: 50, atOnce: 10, floodPort: busy.port, echoPort: echoing.port };
  const { before, after, pings, received, seconds } = await run(t, 'terminate-workers', data);
  await busy.allEnded();
  t.diagnostic(
    `50 workers with ${busy.accepted - 2} sockets in ${seconds.toFixed(1)} s, ${Math.round(received / 2 ** 20)} MiB received; ` +
      `descriptors ${before} before, ${after} after; ${pings} round trips of the main thread meanwhile`,
  );
  assert.equal(busy.accepted, 102);
  assert.equal(after, before);
  assert.ok(pings > 0);
});

for (const [how, words, outcome] of [
  ['exits', 'exit by themselves in the middle of transfers', 5],
  ['throws', 'throw in the middle of transfers', '1: on purpose'],
  ['lets_go', 'unref their busy sockets', 0],
]) {
  test(`workers that ${words} leave nothing behind`, options, async (t) => {
    const peer = await listen(t, flood);
    const { before, after, outcomes } = await run(t, 'workers-end', { how, workers: 5, port: peer.port });
    await peer.allEnded();
    assert.deepEqual(outcomes, Array(5).fill(outcome));
    assert.equal(peer.accepted, 24);
    assert.equal(after, before);
  });
}

for (const [what, addressesOf] of [
  ['to an address', (port) => [`127.0.0.1:${port}`, `127.0.0.1:${port}`]],
  ['to a name', (port) => [`localhost:${port}`, `localhost:${port}`]],
  ['to a name that is being resolved', () => ['a.invalid:80', 'b.invalid:80', 'c.invalid:80']],
]) {
  test(`workers that are terminated while they dial ${what} leave nothing behind`, options, async (t) => {
    const { port } = await listenWithFullBacklog(t);
    const data = { rounds: 2, first: `localhost:${port}`, addresses: addressesOf(port) };
    const { before, after, seconds } = await run(t, 'terminate-dialling-workers', data);
    t.diagnostic(`10 workers in ${seconds.toFixed(1)} s; descriptors ${before} before, ${after} after`);
    assert.equal(after, before);
  });
}

for (const hostname of ['127.0.0.1', 'localhost']) {
  test(
    `a module that only workers load, to dial ${hostname}, can be loaded again and again`,
    options,
    async (t) => {
      const peer = await listen(t, (socket) => socket.write('hello'));
      const data = { rounds: 6, address: `${hostname}:${peer.port}` };
      const { before, after } = await run(t, 'load-in-workers-only', data);
      await peer.allEnded();
      assert.equal(peer.accepted, 6);
      assert.equal(after, before);
    },
  );
}
