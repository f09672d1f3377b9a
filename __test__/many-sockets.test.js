import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from '../index.js';

import { timeout } from './helpers/deadline.js';
import { descriptorsTo } from './helpers/descriptors.js';
import { listen } from './helpers/peer.js';
import { outcome, turns } from './helpers/settle.js';

/** More than there is room for in one batch of events. */
const MANY = 700;
const text = ({ value }) => new TextDecoder().decode(value);

/** As many open sockets, each with its peer. */
async function pairs(t, count) {
  const listener = await listen(t);
  const sockets = Array.from({ length: count }, () => connect(listener.address));
  t.after(() => {
    for (const socket of sockets) socket.close().catch(() => {});
  });
  const infos = await Promise.all(sockets.map((socket) => socket.opened));
  const peers = new Map();
  for (let i = 0; i < count; i++) {
    const peer = await listener.accept();
    peers.set(`127.0.0.1:${peer.clientPort}`, peer);
  }
  const all = sockets.map((socket, i) => ({ socket, peer: peers.get(infos[i].localAddress) }));
  return { all, listener };
}

test('hundreds of sockets that become ready in the same turn are all served', { timeout }, async (t) => {
  const { all, listener } = await pairs(t, MANY);
  const readers = all.map(({ socket }) => socket.readable.getReader());
  for (let round = 0; round < 3; round++) {
    const reads = readers.map((reader) => reader.read());
    for (const [i, { peer }] of all.entries()) peer.raw.write(`${round}:${i}`);
    const results = await Promise.all(reads);
    assert.deepEqual(
      results.map(text),
      all.map((_, i) => `${round}:${i}`),
    );
  }
  await Promise.all(all.map(({ socket }) => socket.close()));
  assert.equal(descriptorsTo(listener.port, 0), 0);
});

test('hundreds of sockets that are written to in the same turn all send', { timeout }, async (t) => {
  const { all } = await pairs(t, MANY);
  const writes = all.flatMap(({ socket }, i) => {
    const writer = socket.writable.getWriter();
    return ['one,', 'two,', `${i}`].map((data) => writer.write(data));
  });
  await Promise.all(writes);
  for (const [i, { peer }] of all.entries()) {
    const expected = `one,two,${i}`;
    assert.equal(`${await peer.take(expected.length)}`, expected);
  }
});

test('hundreds of peers that end or reset in the same turn are all told apart', { timeout }, async (t) => {
  const { all, listener } = await pairs(t, MANY);
  const reads = all.map(({ socket }) => outcome(socket.readable.getReader().read()));
  await turns(5);
  for (const [i, { peer }] of all.entries()) {
    if (i % 3 === 0) peer.raw.end();
    else if (i % 3 === 1) peer.raw.resetAndDestroy();
    else peer.raw.write('hello');
  }
  for (const [i, result] of (await Promise.all(reads)).entries()) {
    if (i % 3 === 0) assert.equal(result.value.done, true);
    else if (i % 3 === 1) assert.equal(result.error.code, 'ECONNRESET');
    else assert.equal(text(result.value), 'hello');
  }
  for (const [i, { socket }] of all.entries()) if (i % 3 < 2) assert.equal(await socket.closed, undefined);
  const open = all.filter((_, i) => i % 3 === 2).length;
  assert.equal(descriptorsTo(listener.port, open), open);
});

test('sockets that come and go never get what was meant for their predecessors', { timeout }, async (t) => {
  const listener = await listen(t);
  let served = 0;
  (async () => {
    for (;;) {
      const peer = await listener.accept();
      // Tells the client its own port, in two parts, and ends.
      peer.raw.write(`${peer.clientPort}`);
      setImmediate(() => peer.raw.end('!'));
    }
  })();
  const visit = async (i) => {
    const socket = connect(listener.address);
    const { localAddress } = await socket.opened;
    // Every other one leaves while bytes and an end are on their way.
    if (i % 2 === 0) return socket.close();
    const body = await new Response(socket.readable).text();
    assert.equal(`127.0.0.1:${body}`, `${localAddress}!`);
    served++;
    await socket.closed;
  };
  for (let round = 0; round < 40; round++) await Promise.all(Array.from({ length: 25 }, (_, i) => visit(i)));
  assert.equal(served, 40 * 12);
  assert.equal(descriptorsTo(listener.port, 0), 0);
});
