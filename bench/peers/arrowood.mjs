/** `@arrowood.dev/socket`, the package that winter-sockets replaces. */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Socket, connect } from '@arrowood.dev/socket';
import { connectWorkloads } from '../workloads/connect-api.mjs';

export const { version } = createRequire(import.meta.url)('@arrowood.dev/socket/package.json');

// It has no `opened`, and whoever does not wait for it measures handshakes. The Node socket within knows.
Object.defineProperty(Socket.prototype, 'opened', {
  get() {
    return once(this.socket, 'encrypted' in this.socket ? 'secureConnect' : 'connect');
  },
});

// Its types know nothing of bytes.
export const workloads = connectWorkloads(/** @type {any} */ (connect));
