// Writes behind a close that the stream has not come to yet.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { timeout } from './helpers/deadline.js';
import { connectTo, listen } from './helpers/peer.js';
import { outcome } from './helpers/settle.js';

for (const [name, close] of Object.entries({
  'the writer': (writable) => {
    const writer = writable.getWriter();
    const closed = writer.close();
    writer.releaseLock();
    return closed;
  },
  'the stream': (writable) => writable.close(),
})) {
  test(`another writer can't write behind the close of ${name}`, { timeout }, async (t) => {
    const listener = await listen(t);
    const socket = connectTo(t, listener);
    const closed = outcome(close(socket.writable));
    const writer = socket.writable.getWriter();
    // The first moment in which a write could go past the close.
    const written = socket.opened.then(() => outcome(writer.write('behind it')));
    assert.ok((await written).error instanceof TypeError);
    assert.deepEqual(await closed, { value: undefined });
    const peer = await listener.accept();
    assert.equal(await peer.text(), ' FIN');
  });
}
