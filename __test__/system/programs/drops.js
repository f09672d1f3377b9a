// Opens sockets, drops them in all sorts of states, and lets the garbage collector close them.

import { connect } from '../../../index.js';
import { collect, data, descriptors, descriptorsBackTo, steadyDescriptors, tell, until } from './parent.js';

const { port, rounds, atOnce } = data;
const address = `127.0.0.1:${port}`;
let opened = 0;
let closed = 0;
let most = 0;

/** What was done with a socket before it was dropped; nothing is under way on it any more. */
const kinds = [
  ({ opened }) => opened,
  // Streams that were made, and locked.
  ({ opened, readable, writable }) => (readable.getReader(), writable.getWriter(), opened),
  ({ writable }) => writable.getWriter().write('a word'),
  async ({ readable, writable }) => {
    await writable.getWriter().write('a word');
    await readable.getReader().read();
  },
  // Bytes that nobody reads.
  async ({ opened, writable }) => {
    await writable.getWriter().write('a word');
    await opened;
  },
  // One half is over.
  ({ writable }) => writable.close(),
  async ({ opened, readable }) => {
    await opened;
    await readable.cancel();
  },
  async ({ opened, writable }) => {
    await opened;
    await writable.abort();
  },
  async ({ readable }) => {
    const [one, two] = readable.tee();
    one.getReader();
    two.getReader();
  },
];

await round();
const before = await steadyDescriptors();
for (let i = 0; i < rounds; i++) await round();
await tell({ before, most, after: await descriptorsBackTo(before), kinds: kinds.length, opened, closed });
process.disconnect();

async function round() {
  opened += atOnce;
  await Promise.all(Array.from({ length: atOnce }, (_, i) => drop(kinds[i % kinds.length])));
  most = Math.max(most, descriptors());
  await until(() => closed === opened, collect);
}

/** Nothing refers to the socket when this is over. */
async function drop(kind) {
  const socket = connect(address);
  socket.closed.then(() => closed++);
  await kind(socket);
}
