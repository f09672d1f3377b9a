// Nothing is read before somebody asks for it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { timeout } from './helpers/deadline.js';
import { unreceivedFrom } from './helpers/descriptors.js';
import { pair } from './helpers/peer.js';
import { isPending, turns } from './helpers/settle.js';

const CHUNK = 65536;
/** Fits into the kernel's buffer. */
const SENT = 100_000;

test('without a read everything stays in the kernel', { timeout }, async (t) => {
  const { socket, peer, listener } = await pair(t);
  await peer.send(Buffer.alloc(SENT));
  socket.readable.getReader();
  await turns(20);
  assert.equal(unreceivedFrom(listener.port, SENT), SENT);
});

test('a read takes one chunk, and nothing ahead of the next', { timeout }, async (t) => {
  const { socket, peer, listener } = await pair(t);
  await peer.send(Buffer.alloc(SENT));
  await turns(20);
  const reader = socket.readable.getReader();
  let taken = 0;
  while (taken < SENT) {
    taken += (await reader.read()).value.byteLength;
    await turns(5);
    const left = unreceivedFrom(listener.port, SENT - taken);
    assert.ok(SENT - taken - left <= CHUNK, `${taken} of ${SENT} were read, and the kernel has only ${left}`);
  }
});

test('a BYOB read takes no more than fits its view', { timeout }, async (t) => {
  const { socket, peer, listener } = await pair(t);
  await peer.send(Buffer.alloc(SENT));
  await turns(20);
  const reader = socket.readable.getReader({ mode: 'byob' });
  await reader.read(new Uint8Array(10));
  await reader.read(new Uint8Array(1000));
  await turns(5);
  assert.equal(unreceivedFrom(listener.port, SENT - 1010), SENT - 1010);
});

test('a client that never reads stalls its peer', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const reader = socket.readable.getReader();
  const sent = peer.send(Buffer.alloc(64 << 20));
  await reader.read();
  assert.equal(await isPending(sent), true);
  await turns(200);
  assert.equal(await isPending(sent), true);
  // And goes on when it is read.
  let count = 0;
  let isSent = false;
  sent.then(() => (isSent = true));
  while (!isSent) count += (await reader.read()).value.byteLength;
  assert.ok(count > 1 << 20);
});

test('a slow reader that is piped from holds the peer up as well', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  let open;
  const opened = new Promise((resolve) => (open = resolve));
  let count = 0;
  const sink = new WritableStream({
    async write(chunk) {
      count += chunk.byteLength;
      await opened;
    },
  });
  const piping = socket.readable.pipeTo(sink);
  const sent = peer.send(Buffer.alloc(64 << 20)).then(() => peer.end());
  await turns(200);
  assert.ok(count <= 2 * CHUNK, `${count} bytes were read ahead`);
  assert.equal(await isPending(sent), true);
  open();
  await Promise.all([sent, piping]);
  assert.equal(count, 64 << 20);
});
