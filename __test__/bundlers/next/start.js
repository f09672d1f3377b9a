// What `next start` does, and then one request.

import { once } from 'node:events';
import { createServer } from 'node:http';

import next from 'next';

const app = next({ dev: false });
await app.prepare();
const server = createServer(app.getRequestHandler()).listen(0, '127.0.0.1');
await once(server, 'listening');
const response = await fetch(`http://127.0.0.1:${server.address().port}/exchange`);
console.log(await response.text());
server.close();
server.closeAllConnections();
await app.close();
