// Terminates workers whose connections are still on their way.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { data, descriptorsBackTo, steadyDescriptors, tell } from './parent.js';

const script = new URL('./worker-dials.js', import.meta.url);

// The first one starts threads, which stay.
await terminate([data.first]);
const before = await steadyDescriptors();
const start = performance.now();
for (let round = 0; round < data.rounds; round++)
  await Promise.all(Array.from({ length: 5 }, () => terminate(data.addresses)));
const seconds = (performance.now() - start) / 1000;
await tell({ before, after: await descriptorsBackTo(before), seconds });

async function terminate(addresses) {
  const worker = new Worker(script, { workerData: { addresses } });
  await once(worker, 'message');
  await worker.terminate();
}
