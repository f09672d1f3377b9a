// Loops over a socket that is always ready complete inline, and must not keep everything else waiting. A loop that did
// would also keep the deadline of a test from firing: each has a process of its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { run } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { listen } from './helpers/peer.js';

/** Peers that take everything, and send for ever. */
async function flood(t) {
  const listener = await listen(t);
  const serve = async (peer) => {
    peer.raw.removeAllListeners('data');
    peer.raw.resume();
    const chunk = Buffer.alloc(1 << 20);
    for (;;) await peer.send(chunk);
  };
  (async () => {
    for (;;) serve(await listener.accept()).catch(() => {});
  })();
  return listener.address;
}

for (const [title, loop] of [
  [
    'reads',
    async (socket) => {
      const reader = socket.readable.getReader();
      for (;;) await reader.read();
    },
  ],
  [
    'tiny BYOB reads',
    async (socket) => {
      const reader = socket.readable.getReader({ mode: 'byob' });
      let buffer = new ArrayBuffer(1);
      for (;;) buffer = (await reader.read(new Uint8Array(buffer))).value.buffer;
    },
  ],
  [
    'iterations',
    async (socket) => {
      for await (const chunk of socket.readable) globalThis.last = chunk;
    },
  ],
  [
    'small writes',
    async (socket) => {
      const writer = socket.writable.getWriter();
      for (;;) await writer.write('x');
    },
  ],
  [
    'empty writes',
    async (socket) => {
      const writer = socket.writable.getWriter();
      for (;;) await writer.write('');
    },
  ],
  [
    'large writes',
    async (socket) => {
      const writer = socket.writable.getWriter();
      const chunk = new Uint8Array(32_768);
      for (;;) await writer.write(chunk);
    },
  ],
  ['bytes piped to nowhere', (socket) => socket.readable.pipeTo(new WritableStream())],
  [
    'bytes piped from everywhere',
    (socket) => {
      const chunk = new Uint8Array(1000);
      return new ReadableStream({ pull: (controller) => controller.enqueue(chunk) }).pipeTo(socket.writable);
    },
  ],
]) {
  test(
    `an endless loop of ${title} leaves room for timers, immediates and other sockets`,
    { timeout },
    async (t) => {
      const address = await flood(t);
      const main = `async ({ connect }, address) => {
      const [busy, other] = [connect(address), connect(address)];
      await Promise.all([busy.opened, other.opened]);
      const began = performance.now();
      (${loop})(busy);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await new Promise((resolve) => setImmediate(resolve));
      const reader = other.readable.getReader();
      const writer = other.writable.getWriter();
      for (let i = 0; i < 20; i++) {
        await reader.read();
        await writer.write('x');
      }
      console.log(performance.now() - began < 10_000 ? 'fair' : 'unfair');
      process.exit(0);
    }`;
      const { code, stdout, stderr } = await run(t, main, { args: [address] });
      assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'fair\n', stderr: '' });
    },
  );
}
