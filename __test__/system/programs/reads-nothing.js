// Opens a socket, reads as many chunks as it is told to, and goes on when it is told to.

import { createHash } from 'node:crypto';
import { once } from 'node:events';

import { connect } from '../../../index.js';
import { collect, data, tell } from './parent.js';

const socket = connect(`127.0.0.1:${data.port}`);
const reader = socket.readable.getReader();
await socket.opened;
const hash = createHash('sha256');
let received = 0;

const before = await memory();
for (let i = 0; i < data.chunks; i++) take(await reader.read());
await tell({ received });
await once(process, 'message');
await tell({ growth: (await memory()) - before });

while (take(await reader.read()));
await socket.closed;
await tell({ received, hash: hash.digest('hex') });
process.disconnect();

function take({ value, done }) {
  if (done) return false;
  hash.update(value);
  received += value.byteLength;
  return true;
}

async function memory() {
  await collect();
  return process.memoryUsage().rss;
}
