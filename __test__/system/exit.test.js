import assert from 'node:assert/strict';
import { test } from 'node:test';

import { flood, listen, listenWithFullBacklog } from './helpers/peers.js';
import { start } from './helpers/program.js';

/** "At once", on a machine that is busy with other things; a flush that waits for a peer would take 10 s. */
const AT_ONCE_MS = 3000;

const options = { timeout: 120_000 };

for (const [how, exit] of [
  ['exits', 7],
  ['exits between two reads', 7],
  ['exits in a tick', 7],
  ['exits while it closes', 7],
  ['exits when it has closed', 7],
  ['throws', 'Error: on purpose'],
  ['throws between two reads', 'Error: on purpose'],
  ['is told to', 'SIGTERM'],
]) {
  test(`a process that ${how} in the middle of transfers ends at once with ${exit}`, options, async (t) => {
    const busy = await listen(t, flood);
    const silent = await listen(t, () => {}, { pauseOnConnect: true });
    const ports = { floodPort: busy.port, silentPort: silent.port };
    const program = start(t, 'ends-mid-transfer', { how, ...ports });
    assert.equal(await program.message(), 'busy');
    const said = performance.now();
    if (exit === 'SIGTERM') program.child.kill('SIGTERM');
    const { code, signal, output, at } = await program.ended;
    t.diagnostic(`ended ${Math.round(at - said)} ms after it said that it would`);
    if (typeof exit === 'number') assert.deepEqual([code, signal, output], [exit, null, '']);
    else if (exit === 'SIGTERM') assert.deepEqual([code, signal, output], [null, 'SIGTERM', '']);
    else {
      assert.deepEqual([code, signal], [1, null], output);
      assert.ok(output.includes(exit), output);
    }
    assert.ok(at - said < AT_ONCE_MS);
    await busy.allEnded();
  });
}

for (const [what, addressesOf] of [
  ['addresses', (port) => [`127.0.0.1:${port}`, `127.0.0.1:${port}`]],
  ['names', (port) => [`localhost:${port}`, `localhost:${port}`]],
  ['names that are being resolved', () => Array.from('abcdefgh', (name) => `${name}.invalid:80`)],
]) {
  for (const [how, exit] of [
    ['exits', 7],
    ['lets go', 0],
  ]) {
    test(`a process that ${how} while it dials ${what} ends at once with ${exit}`, options, async (t) => {
      const { port } = await listenWithFullBacklog(t);
      const program = start(t, 'ends-dialling', { how, addresses: addressesOf(port) });
      assert.equal(await program.message(), 'dialling');
      const said = performance.now();
      const { code, signal, output, at } = await program.ended;
      t.diagnostic(`ended ${Math.round(at - said)} ms after it said that it would`);
      assert.deepEqual([code, signal, output], [exit, null, '']);
      assert.ok(at - said < AT_ONCE_MS);
    });
  }
}

/** What was gathered, and how much: the first write of a turn goes out at once, and after some a turn is taken. */
const COUNTS = [2, 16, 1000];

for (const [how, who, exit] of [
  ['exits', 'process', 7],
  ['throws', 'process', 1],
  ['lets go', 'process', 0],
  ['exits', 'worker', 7],
  ['throws', 'worker', 1],
  ['lets go', 'worker', 0],
]) {
  test(`all small writes that were taken arrive from a ${who} that then ${how}`, options, async (t) => {
    let received = '';
    const peer = await listen(t, (socket) => {
      socket.setEncoding('utf8').on('data', (text) => (received += text));
    });
    for (const pieces of COUNTS) {
      const name = who === 'worker' ? 'runs-a-worker' : 'ends-after-writes';
      const program = start(t, name, { how, pieces, port: peer.port, program: 'ends-after-writes' });
      const { code, signal, output } = await program.ended;
      assert.deepEqual([code, signal], [exit, null], output);
      await peer.allEnded();
      assert.equal(received, Array.from({ length: pieces }, (_, i) => `${i};`).join(''));
      received = '';
    }
  });
}
