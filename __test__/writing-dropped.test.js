// Writes that the stream drops without telling its sink: what was errored from outside.

import assert from 'node:assert/strict';
import net from 'node:net';
import { addAbortSignal } from 'node:stream';
import { test } from 'node:test';

import { fromDuplex } from '../index.js';
import { timeout } from './helpers/deadline.js';
import { listen, pair } from './helpers/peer.js';
import { outcome, rejection } from './helpers/settle.js';
import { ca, upgradablePair } from './helpers/tls-peer.js';

/** More than the kernels take before the peer reads it. */
const LARGE = 16_000_000;

/** Errors the writable while one write is under way and another one waits. */
function errorFromOutside(socket) {
  const controller = new AbortController();
  addAbortSignal(controller.signal, socket.writable);
  const writer = socket.writable.getWriter();
  const writes = [writer.write(new Uint8Array(LARGE)), writer.write('queued')].map(outcome);
  controller.abort();
  return writes;
}

async function assertAborted(writes) {
  for (const { error } of await Promise.all(writes)) assert.equal(error?.name, 'AbortError');
}

for (const highWaterMark of [undefined, 2 * LARGE]) {
  const options = highWaterMark === undefined ? {} : { highWaterMark };
  const title = highWaterMark === undefined ? '' : ', counted in bytes';

  test(`close() settles although the writable was aborted by a signal${title}`, { timeout }, async (t) => {
    const { socket, peer } = await pair(t, options);
    const writes = errorFromOutside(socket);
    const closed = socket.close();
    const rest = peer.rest();
    await assertAborted(writes);
    assert.equal(await closed, undefined);
    // Else the peer would take the part for the whole.
    assert.equal((await rest).end, 'RST');
  });

  test(`startTls() settles although the writable was aborted by a signal${title}`, { timeout }, async (t) => {
    const { socket, peer } = await upgradablePair(t, options);
    const writes = errorFromOutside(socket);
    const upgraded = socket.startTls({ ca });
    const rest = peer.rest();
    await assertAborted(writes);
    assert.equal((await rejection(upgraded.opened)).code, 'EPIPE');
    assert.equal(await socket.closed, undefined);
    assert.equal((await rest).end, 'RST');
  });
}

test('the end of the peer closes a socket whose writable was aborted by a signal', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writes = errorFromOutside(socket);
  await peer.end();
  const rest = peer.rest();
  await assertAborted(writes);
  assert.equal((await socket.readable.getReader().read()).done, true);
  assert.equal(await socket.closed, undefined);
  await rest;
});

test(
  'a chunk whose memory is gone fails its write, and close() sends what was before it',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t, { highWaterMark: 1000 });
    const view = new DataView(new ArrayBuffer(8));
    structuredClone(view.buffer, { transfer: [view.buffer] });
    const writer = socket.writable.getWriter();
    const writes = ['before', view].map((chunk) => outcome(writer.write(chunk)));
    assert.deepEqual(await writes[0], { value: undefined });
    assert.ok((await writes[1]).error instanceof TypeError);
    assert.equal(await socket.close(), undefined);
    assert.equal(await peer.text(), 'before FIN');
  },
);

test(
  'close() over a duplex settles although the writable was aborted by a signal',
  { timeout },
  async (t) => {
    const listener = await listen(t);
    const duplex = net.connect(listener.port, listener.host);
    t.after(() => duplex.destroy());
    const socket = fromDuplex(duplex);
    const [peer] = await Promise.all([listener.accept(), socket.opened]);
    const writes = errorFromOutside(socket);
    const closed = socket.close();
    const rest = peer.rest();
    await assertAborted(writes);
    assert.equal(await closed, undefined);
    await rest;
  },
);
