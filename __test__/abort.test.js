import assert from 'node:assert/strict';
import { test } from 'node:test';

import { timeout } from './helpers/deadline.js';
import { connectTo, listen, pair } from './helpers/peer.js';
import { isPending, outcome, rejection, turns } from './helpers/settle.js';

const MORE_THAN_THE_KERNEL_TAKES = 64 << 20;
const text = ({ value }) => new TextDecoder().decode(value);

test('an idle writer that is aborted rejects later writes with the reason', { timeout }, async (t) => {
  const { socket } = await pair(t);
  const writer = socket.writable.getWriter();
  const reason = new Error('enough');
  assert.equal(await writer.abort(reason), undefined);
  assert.equal(await rejection(writer.write('late')), reason);
  assert.equal(await rejection(writer.closed), reason);
});

test('writes that wait reject with the reason', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  const writes = [writer.write(new Uint8Array(MORE_THAN_THE_KERNEL_TAKES)), writer.write('behind it')].map(
    outcome,
  );
  await turns(5);
  const reason = new Error('enough');
  const abort = writer.abort(reason);
  // The stream waits for the write that is under way; the peer decides how it ends.
  await peer.reset();
  await outcome(abort);
  const [, second] = await Promise.all(writes);
  assert.deepEqual(second, { error: reason });
});

test('the readable goes on', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await socket.writable.abort(new Error('enough'));
  await peer.send('still here');
  assert.equal(text(await socket.readable.getReader().read()), 'still here');
  assert.equal(await isPending(socket.closed), true);
});

test('what was written before the abort arrives', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  await writer.write('one');
  await turns(1);
  await writer.abort(new Error('enough'));
  await socket.close();
  assert.equal(await peer.text(), 'one FIN');
});

test('closed resolves on close()', { timeout }, async (t) => {
  const { socket } = await pair(t);
  await socket.writable.abort(new Error('enough'));
  assert.equal(await socket.close(), undefined);
});

test('cancelling the readable as well ends the connection', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await socket.writable.abort(new Error('enough'));
  await socket.readable.cancel();
  assert.equal(await peer.text(), ' FIN');
});

test('an abort while the socket is connecting leaves it to open and be read', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = connectTo(t, listener);
  const writer = socket.writable.getWriter();
  const reason = new Error('enough');
  const write = rejection(writer.write('never sent'));
  const abort = writer.abort(reason);
  assert.equal((await socket.opened).remoteAddress, listener.address);
  await abort;
  assert.equal(await write, reason);
  const peer = await listener.accept();
  await peer.send('hello');
  assert.equal(text(await socket.readable.getReader().read()), 'hello');
  await socket.close();
  assert.equal((await peer.rest()).bytes.length, 0);
});

test(
  'a close after an abort that dropped writes is a reset, lest the peer takes the part for the whole',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t);
    const writer = socket.writable.getWriter();
    const first = outcome(writer.write(new Uint8Array(MORE_THAN_THE_KERNEL_TAKES)));
    const second = rejection(writer.write('behind it'));
    await turns(5);
    const reason = new Error('enough');
    const abort = writer.abort(reason);
    assert.equal((await peer.take(MORE_THAN_THE_KERNEL_TAKES)).length, MORE_THAN_THE_KERNEL_TAKES);
    await abort;
    assert.equal(await second, reason);
    assert.deepEqual(await first, { value: undefined });
    assert.equal(await socket.close(), undefined);
    await turns(5);
    assert.equal(await peer.wasReset(), true);
  },
);

for (const isCancelled of [false, true]) {
  test(
    `close() while an abort waits for a write resolves, ${isCancelled ? '' : 'not '}cancelled`,
    { timeout },
    async (t) => {
      const { socket, peer } = await pair(t);
      const writer = socket.writable.getWriter();
      const writes = [
        writer.write(new Uint8Array(MORE_THAN_THE_KERNEL_TAKES)),
        writer.write('behind it'),
      ].map(outcome);
      await turns(5);
      if (isCancelled) await socket.readable.cancel();
      const abort = outcome(writer.abort(new Error('enough')));
      const closed = socket.close();
      assert.equal((await peer.take(MORE_THAN_THE_KERNEL_TAKES)).length, MORE_THAN_THE_KERNEL_TAKES);
      assert.equal(await closed, undefined);
      await Promise.all([...writes, abort]);
      await turns(5);
      assert.equal(await peer.wasReset(), true);
    },
  );
}

test('a pipe whose source fails aborts the writable', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const failure = new Error('the disk is gone');
  const source = new ReadableStream({
    pull(controller) {
      controller.error(failure);
    },
  });
  assert.equal(await rejection(source.pipeTo(socket.writable)), failure);
  assert.equal(await rejection(socket.writable.getWriter().write('late')), failure);
  await peer.send('still here');
  assert.equal(text(await socket.readable.getReader().read()), 'still here');
});
