/** winter-sockets itself, by the root of the package. */
import { createRequire } from 'node:module';
import { connectWorkloads } from '../workloads/connect-api.mjs';
import { pgWorkloads } from '../workloads/pg.mjs';

const require = createRequire(import.meta.url);

export const { version } = require('../../package.json');

export const workloads = {
  ...connectWorkloads(require('../..').connect),
  // The one of `pg-cloudflare`, which takes ours for Cloudflare's.
  ...pgWorkloads('CloudflareSocket'),
};
