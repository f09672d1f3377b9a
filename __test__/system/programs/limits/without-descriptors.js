// Takes all descriptors but a few, and then uses sockets for the first time in this process, or goes on with those that it
// has; lets go of the descriptors, and tries again.

import { closeSync, openSync } from 'node:fs';

import { TLSSocket, connect } from '../../../../index.js';
import { data, tell } from '../parent.js';

const { ports, ca, kind, left, isFirst } = data;
const binding = new TLSSocket({ ca });
const opens = {
  'plain text': () => connect(`127.0.0.1:${ports.plain}`),
  TLS: () => binding.connect(`127.0.0.1:${ports.secure}`),
  'a name': () => connect(`localhost:${ports.plain}`),
  'a name and TLS': () => binding.connect(`localhost:${ports.secure}`),
};

// One that is open all the while, and that something is written to and read from when there are no descriptors.
const open = isFirst ? undefined : opens[kind]();
await open?.opened;

const taken = [];
for (;;) {
  try {
    taken.push(openSync('/dev/null', 'r'));
  } catch {
    break;
  }
}
for (let i = 0; i < left; i++) closeSync(taken.pop());

const outcomes = await Promise.all(
  [1, 2, 3].map(async () => {
    let socket;
    try {
      socket = opens[kind]();
    } catch ({ code }) {
      return `throws ${code}`;
    }
    const outcome = await socket.opened.then(
      () => 'opened',
      ({ code }) => code,
    );
    await socket.close().catch(() => {});
    return outcome;
  }),
);
const word = open && (await echo(open));

for (const descriptor of taken) closeSync(descriptor);
const later = await echo(opens[kind]());
await tell({ outcomes: [...new Set(outcomes)], word, later });
process.exit();

async function echo(socket) {
  try {
    await socket.writable.getWriter().write('works');
    const { value } = await socket.readable.getReader().read();
    return Buffer.from(value).toString();
  } catch (error) {
    return error.message;
  }
}
