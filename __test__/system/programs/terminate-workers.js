// Terminates workers in the middle of their transfers, while the main thread goes on with its own connection.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { connect } from '../../../index.js';
import { data, descriptorsBackTo, steadyDescriptors, tell } from './parent.js';

const { workers, atOnce, floodPort, echoPort } = data;
const script = new URL('./worker-transfers.js', import.meta.url);

let received = 0;
await terminateMany(1);
const before = await steadyDescriptors();

const ping = connect(`127.0.0.1:${echoPort}`);
const reader = ping.readable.getReader();
const writer = ping.writable.getWriter();
let isOver = false;
let pings = 0;
const pinging = pingUntilOver();

const start = performance.now();
received = 0;
for (let left = workers; left > 0; left -= atOnce) await terminateMany(Math.min(atOnce, left));
const seconds = (performance.now() - start) / 1000;

isOver = true;
await pinging;
await ping.close();
await tell({ before, after: await descriptorsBackTo(before), pings, received, seconds });
process.disconnect();

async function terminateMany(count) {
  const busy = Array.from({ length: count }, async () => {
    const worker = new Worker(script, { workerData: { port: floodPort, sockets: 2 } });
    const [message] = await once(worker, 'message');
    received += message.received;
    return worker;
  });
  const codes = await Promise.all((await Promise.all(busy)).map((worker) => worker.terminate()));
  if (codes.some((code) => code !== 1)) throw new Error(`workers ended with ${codes}`);
}

async function pingUntilOver() {
  while (!isOver) {
    await writer.write('ping');
    const { value } = await reader.read();
    if (Buffer.from(value).toString() !== 'ping') throw new Error(`the echo is ${Buffer.from(value)}`);
    pings++;
  }
}
