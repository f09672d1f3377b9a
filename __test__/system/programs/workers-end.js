// Starts workers that have open sockets and end by themselves.

import { Worker } from 'node:worker_threads';

import { data, descriptorsBackTo, steadyDescriptors, tell } from './parent.js';

const script = new URL('./worker-ends.js', import.meta.url);

await end();
const before = await steadyDescriptors();
const outcomes = await Promise.all(Array.from({ length: data.workers }, end));
await tell({ before, after: await descriptorsBackTo(before), outcomes });

/** How a worker ended: its exit code, and the error that it ended with. */
async function end() {
  const worker = new Worker(script, { workerData: data });
  let error;
  worker.on('error', (reason) => (error = reason.message));
  const code = await new Promise((resolve) => worker.once('exit', resolve));
  return error === undefined ? code : `${code}: ${error}`;
}
