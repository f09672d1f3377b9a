// Runs another program in a worker, and ends as that does.

import { Worker } from 'node:worker_threads';

import { data } from './parent.js';

const script = new URL(`./${data.program}.js`, import.meta.url);
const worker = new Worker(script, { argv: process.argv.slice(2) });
worker.on('error', ({ message }) => console.error(message));
worker.on('exit', (code) => {
  process.exitCode = code;
  process.disconnect();
});
