// Many closes that end in the same turn of the event loop.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

import { connect } from '../index.js';
import { timeout } from './helpers/deadline.js';

const CROWD = 300;

/** An echo in a thread of its own, which goes on while this one looks away. */
const server = `
  const net = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const server = net.createServer((socket) => socket.on('error', () => {}).pipe(socket));
  server.listen(0, '127.0.0.1', 1000, () => parentPort.postMessage(server.address().port));
`;

test(
  'closes of a crowd that end in one turn are all told, also when each makes a new socket',
  { timeout },
  async (t) => {
    const worker = new Worker(server, { eval: true });
    t.after(() => worker.terminate());
    const [port] = await once(worker, 'message');
    const address = { hostname: '127.0.0.1', port };

    const sockets = await Promise.all(Array.from({ length: CROWD }, () => talkTo(address)));
    const others = [];
    const closes = sockets.map(async ({ socket, writer }) => {
      await Promise.all([writer.write('goodbye'), socket.close()]);
      others.push(connect(address));
    });
    // Those that need not wait for an acknowledgement, which only Linux tells of, are over by then.
    await new Promise(process.nextTick);
    t.diagnostic(`${CROWD - others.length} of ${CROWD} closes wait`);
    // Until all of the peers have ended: then all closes go on in one turn.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    await Promise.all(closes);
    assert.equal(others.length, CROWD);
    await Promise.all(others.map(({ opened }) => opened));
    await Promise.all(others.map((socket) => socket.close()));
  },
);

async function talkTo(address) {
  const socket = connect(address);
  const writer = socket.writable.getWriter();
  await writer.write('hello');
  await socket.readable.getReader().read();
  return { socket, writer };
}
