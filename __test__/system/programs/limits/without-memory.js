// Reads in several ways when there is no memory for a chunk; then, when there is some again, with a new socket.
//
// What V8 does then is simulated: it throws this error, but only after it has collected garbage, for which it needs memory
// itself, so that under a real limit the process mostly ends in V8 before anybody can be told.

import { mock } from 'node:test';

import { connect } from '../../../../index.js';
import { collect, data, descriptorsBackTo, steadyDescriptors, tell } from '../parent.js';

const { echo, source } = data;

const ways = {
  async 'a read that finds bytes'() {
    const socket = connect(echo);
    await send(socket, '..');
    const byob = socket.readable.getReader({ mode: 'byob' });
    await byob.read(new Uint8Array(1));
    byob.releaseLock();
    const reader = socket.readable.getReader();
    return { socket, read: () => reader.read() };
  },

  async 'a read that waits'() {
    const { socket, reader } = await open();
    return { socket, read: () => Promise.all([reader.read(), send(socket, '.')]) };
  },

  async 'a read that waits in the stream'() {
    const socket = connect(echo);
    const reader = socket.readable.pipeThrough(new TransformStream()).getReader();
    await socket.opened;
    return { socket, read: () => Promise.all([reader.read(), send(socket, '.')]) };
  },

  async 'a read behind a BYOB reader that has gone'() {
    const socket = connect(echo);
    const reader = socket.readable.getReader({ mode: 'byob' });
    await socket.opened;
    reader.read(new Uint8Array(10)).catch(() => {});
    reader.releaseLock();
    const next = socket.readable.getReader();
    return { socket, read: () => Promise.all([next.read(), send(socket, '.')]) };
  },

  async 'a read in a download'() {
    const socket = connect(source);
    const reader = socket.readable.getReader();
    let length = 0;
    while (length < 65536) length = (await reader.read()).value.length;
    return {
      socket,
      async read() {
        for (;;) await reader.read();
      },
    };
  },
};

// What a process opens late.
for (const way of Object.values(ways)) await (await way()).socket.close();
await collect();
const before = await steadyDescriptors();
const outcomes = {};
for (const [name, way] of Object.entries(ways)) {
  const { socket, read } = await way();
  exhaust();
  const results = [read(), socket.closed].map((promise) => promise.then(() => 'resolved', words));
  outcomes[name] = await Promise.all(results);
  mock.restoreAll();
}
const { socket, reader } = await open();
await send(socket, 'still here');
const { value } = await reader.read();
await socket.close();
await tell({ before, after: await descriptorsBackTo(before), outcomes, word: Buffer.from(value).toString() });
process.disconnect();

async function open() {
  const opened = connect(echo);
  await opened.opened;
  return { socket: opened, reader: opened.readable.getReader() };
}

async function send({ writable }, text) {
  const writer = writable.getWriter();
  await writer.write(text);
  writer.releaseLock();
}

function words(error) {
  return `${error.code}, ${error.cause?.message}`;
}

function exhaust() {
  const fail = () => {
    throw new RangeError('Array buffer allocation failed');
  };
  mock.method(Uint8Array.prototype, 'slice', fail);
  mock.method(Buffer, 'allocUnsafeSlow', fail);
}
