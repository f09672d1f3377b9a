/** What scenarios with TLS have in common. */
import { utf8 } from '../harness.js';

export const ON = { secureTransport: 'on' };
export const STARTTLS = { secureTransport: 'starttls' };

/** The address of the peer by a name that its certificate has. */
export const toName = (/** @type {import('../harness.js').Tools} */ { port }) => `localhost:${port}`;

/** The line behind which the peer goes over to TLS. */
export const ASK = utf8('STARTTLS\n');

/** Sends that line, and leaves the writable unlocked: workerd upgrades no socket whose streams are locked. */
export function ask(/** @type {any} */ socket) {
  const writer = socket.writable.getWriter();
  const written = writer.write(ASK);
  writer.releaseLock();
  return written;
}
