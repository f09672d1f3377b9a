// Ends at the step that it is told, in the way that it is told, as a process or as a worker.

import { isMainThread, parentPort, workerData } from 'node:worker_threads';

import { data } from '../parent.js';
import { keepBusy } from './busy.js';

const { ports, how, step } = isMainThread ? data : workerData;
let steps = 0;

keepBusy(ports, 10, () => {
  if (++steps !== step) return;
  if (how === 'is terminated when it is busy') parentPort.postMessage('busy');
  if (how === 'exits') process.exit(7);
  if (how === 'exits later') setImmediate(() => process.exit(7));
  if (how === 'throws') {
    process.nextTick(() => {
      throw new Error('on purpose');
    });
  }
  if (how === 'rejects') Promise.reject(new Error('on purpose'));
  if (how === 'aborts a read') throw new Error('on purpose');
});
