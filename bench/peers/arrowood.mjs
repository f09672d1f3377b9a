/** `@arrowood.dev/socket`, the package that winter-sockets replaces. */
import { createRequire } from 'node:module';
import { connect } from '@arrowood.dev/socket';
import { connectWorkloads } from '../workloads/connect-api.mjs';

export const { version } = createRequire(import.meta.url)('@arrowood.dev/socket/package.json');

// Its types know nothing of bytes.
export const workloads = connectWorkloads(/** @type {any} */ (connect));
