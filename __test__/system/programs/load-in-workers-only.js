// Loads the module in one worker after the other, and never in the main thread, so that the last user of the addon goes
// each time.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { data, steadyDescriptors, tell } from './parent.js';

const index = new URL('../../../index.js', import.meta.url).href;
const code = `
  const { parentPort, workerData } = require('node:worker_threads');
  import(workerData.index).then(async ({ connect }) => {
    const reader = connect(workerData.address).readable.getReader();
    const { value } = await reader.read();
    parentPort.postMessage(Buffer.from(value).toString());
    setInterval(() => {}, 1000);
  });`;

let before = 0;
for (let round = 0; round < data.rounds; round++) {
  const worker = new Worker(code, { eval: true, workerData: { index, address: data.address } });
  const [greeting] = await once(worker, 'message');
  if (greeting !== 'hello') throw new Error(`the greeting is ${greeting}`);
  await worker.terminate();
  if (round === 0) before = await steadyDescriptors();
}
await tell({ before, after: await steadyDescriptors() });
