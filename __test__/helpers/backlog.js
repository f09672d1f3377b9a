// A listener with a full backlog: connecting to it hangs.

import net from 'node:net';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

/** A connection that has not been answered after so many milliseconds has met a full backlog. */
const UNANSWERED = 500;

/**
 * Starts a listener that never accepts, and fills its backlog. It is closed when the test is over.
 *
 * @param {import('node:test').TestContext} t
 * @returns {Promise<{ address: string, port: number, open: () => void }>} `open` makes it accept after all: those who
 *   wait are connected when they try again, which takes the kernel a second or so.
 */
export async function fullBacklog(t) {
  // A listener of Node always accepts, unless its thread is asleep.
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(LISTENER, { eval: true, workerData: gate });
  const fillers = [];
  const open = () => {
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
  };
  t.after(async () => {
    for (const filler of fillers) filler.destroy();
    open();
    await worker.terminate();
  });
  const [port] = await once(worker, 'message');
  do {
    const filler = net.connect(port, '127.0.0.1');
    filler.on('error', () => {});
    fillers.push(filler);
  } while (await isAnswered(fillers.at(-1)));
  return { address: `127.0.0.1:${port}`, port, open };
}

const LISTENER = `
  const { parentPort, workerData: gate } = require('node:worker_threads');
  const server = require('node:net').createServer((connection) => connection.on('error', () => {}));
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(gate, 0, 0);
  });
`;

function isAnswered(filler) {
  const answered = new Promise((resolve) => filler.once('connect', () => resolve(true)));
  return Promise.race([answered, delay(UNANSWERED, false)]);
}
