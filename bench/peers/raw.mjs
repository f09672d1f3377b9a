/** Raw `node:net` with callbacks: the baseline. */
import net from 'node:net';
import { callbackWorkloads } from '../workloads/callbacks.mjs';

export const version = process.version;

export const workloads = callbackWorkloads(({ hostname, port }) =>
  net.connect({ host: hostname, port, noDelay: true }),
);
