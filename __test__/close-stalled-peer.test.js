import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { timeout } from './helpers/deadline.js';
import { descriptorsTo } from './helpers/descriptors.js';
import { pair } from './helpers/peer.js';
import { outcome } from './helpers/settle.js';

const MORE_THAN_THE_KERNEL_TAKES = 64 << 20;

/** Closes a socket whose peer reads nothing. */
async function closeStalled(t, reason) {
  const { socket, peer, listener } = await pair(t);
  const writer = socket.writable.getWriter();
  const writes = [writer.write(new Uint8Array(MORE_THAN_THE_KERNEL_TAKES)), writer.write('behind it')];
  const outcomes = Promise.all(writes.map(outcome));
  const read = socket.readable.getReader().read();
  const began = performance.now();
  const closed = outcome(socket.close(reason)).then((result) => {
    return { ...result, seconds: (performance.now() - began) / 1000, held: descriptorsTo(listener.port, 0) };
  });
  return { peer, closed, read, outcomes };
}

// All at once, since waiting is most of it.
test('a close whose peer takes nothing', { timeout, concurrency: true }, async (t) => {
  const tests = [
    t.test('resolves closed after about ten seconds, and resets the connection', async (t) => {
      const reason = new Error('enough');
      const { peer, closed, read, outcomes } = await closeStalled(t, reason);
      assert.deepEqual(await read, { value: undefined, done: true });
      const { value, seconds, held } = await closed;
      assert.equal(value, undefined);
      assert.ok(seconds > 9 && seconds < 20, `${seconds} s`);
      assert.equal(held, 0);
      assert.equal(await peer.wasReset(), true);
      // What could not be delivered fails with the reason.
      assert.deepEqual(await outcomes, [{ error: reason }, { error: reason }]);
    }),

    t.test('fails what could not be delivered with a SocketError when there is no reason', async (t) => {
      const { closed, outcomes } = await closeStalled(t, undefined);
      const { value, seconds } = await closed;
      assert.equal(value, undefined);
      assert.ok(seconds > 9 && seconds < 20, `${seconds} s`);
      const [first, second] = await outcomes;
      assert.match(first.error.message, /^SocketError: /);
      assert.equal(second.error, first.error);
    }),

    t.test('starts to wait anew whenever the peer takes something', async (t) => {
      const { peer, closed, outcomes } = await closeStalled(t, undefined);
      let isClosed = false;
      closed.then(() => (isClosed = true));
      await delay(5_500);
      let taken = (await peer.take(16 << 20)).length;
      await delay(5_500);
      assert.equal(isClosed, false);
      assert.equal(await peer.wasReset(), false);
      const { bytes, end } = await peer.rest();
      taken += bytes.length;
      assert.deepEqual([taken, end], [MORE_THAN_THE_KERNEL_TAKES + 'behind it'.length, 'FIN']);
      assert.deepEqual(await outcomes, [{ value: undefined }, { value: undefined }]);
      assert.equal((await closed).value, undefined);
    }),

    t.test('resolves closed also when the peer takes everything, but never stops sending', async (t) => {
      const { socket, peer, listener } = await pair(t);
      const write = socket.writable.getWriter().write(new Uint8Array(8 << 20));
      const began = performance.now();
      const closed = socket.close();
      let isSending = true;
      const sending = (async () => {
        while (isSending)
          await peer.send(Buffer.alloc(1000)).then(
            () => delay(1),
            () => (isSending = false),
          );
      })();
      assert.equal((await peer.take(8 << 20)).length, 8 << 20);
      await write;
      assert.equal(await closed, undefined);
      const seconds = (performance.now() - began) / 1000;
      assert.ok(seconds < 20, `${seconds} s`);
      assert.equal(descriptorsTo(listener.port, 0), 0);
      isSending = false;
      await sending;
    }),

    t.test('resolves closed also when the peer has ended its own side', async (t) => {
      const { socket, peer } = await pair(t);
      const write = outcome(socket.writable.getWriter().write(new Uint8Array(MORE_THAN_THE_KERNEL_TAKES)));
      await peer.end();
      const began = performance.now();
      assert.equal((await socket.readable.getReader().read()).done, true);
      await socket.closed;
      const seconds = (performance.now() - began) / 1000;
      assert.ok(seconds > 9 && seconds < 20, `${seconds} s`);
      assert.ok('error' in (await write));
      assert.ok((await peer.rest()).bytes.length < MORE_THAN_THE_KERNEL_TAKES);
    }),
  ];
  await Promise.all(tests);
});
