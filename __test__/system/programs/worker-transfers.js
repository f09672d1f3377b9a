// A worker that sends and receives on several sockets, and says when all of them are busy.

import { parentPort, workerData } from 'node:worker_threads';

import { connect } from '../../../index.js';

const BUSY = 64 * 1024;
const chunk = new Uint8Array(65536);
const { port, sockets } = workerData;

let received = 0;
await Promise.all(
  Array.from({ length: sockets }, () => {
    const { readable, writable } = connect(`127.0.0.1:${port}`);
    return Promise.all([receive(readable), send(writable)]);
  }),
);
parentPort.postMessage({ received });

/** Resolves when enough has come in, and goes on. */
function receive(readable) {
  return new Promise((resolve) => {
    let count = 0;
    (async () => {
      for await (const { byteLength } of readable) {
        received += byteLength;
        if ((count += byteLength) >= BUSY) resolve();
      }
    })();
  });
}

/** Resolves when enough has gone out, and goes on. */
function send(writable) {
  return new Promise((resolve) => {
    const writer = writable.getWriter();
    let count = 0;
    (async () => {
      for (;;) {
        await writer.write(chunk);
        if ((count += chunk.byteLength) >= BUSY) resolve();
      }
    })();
  });
}
