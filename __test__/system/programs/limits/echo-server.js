// An echo server in a process of its own, on several addresses.

import { once } from 'node:events';
import { createServer } from 'node:net';

import { data, tell } from '../parent.js';

let port = 0;
for (const host of data.hosts) {
  const server = createServer({ noDelay: true }, (peer) => peer.on('error', () => {}).pipe(peer));
  server.listen({ port, host, backlog: 4096 });
  await once(server, 'listening');
  ({ port } = server.address());
}
process.once('disconnect', () => process.exit());
await tell({ port });
