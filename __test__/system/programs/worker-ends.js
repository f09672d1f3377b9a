// A worker with open sockets that ends in the way it is told to.

import { parentPort, workerData } from 'node:worker_threads';

import { connect } from '../../../index.js';

const { how, port } = workerData;
const chunk = new Uint8Array(16384);
const sockets = Array.from({ length: 4 }, () => connect({ hostname: '127.0.0.1', port }));

// One of them idle, one reading, one writing, one doing both.
await Promise.all(sockets.map((socket) => socket.opened));
await Promise.all([read(sockets[1]), write(sockets[2]), read(sockets[3]), write(sockets[3])]);

const ways = {
  exits: () => process.exit(5),
  throws: () =>
    setImmediate(() => {
      throw new Error('on purpose');
    }),
  // Nothing but the sockets would keep it alive.
  lets_go: () => sockets.forEach((socket) => socket.unref()),
};
parentPort.postMessage('busy');
ways[how]();

function read({ readable }) {
  const reader = readable.getReader();
  const go = () => reader.read().then(go);
  return reader.read().then(() => void go());
}

function write({ writable }) {
  const writer = writable.getWriter();
  const go = () => writer.write(chunk).then(go);
  return writer.write(chunk).then(() => void go());
}
