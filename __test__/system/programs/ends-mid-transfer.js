// Ends in the middle of transfers, in the way it is told to.

import { connect } from '../../../index.js';
import { data, tell } from './parent.js';

const { how, floodPort, silentPort } = data;
const chunk = new Uint8Array(65536);

/** Called by the transfers, each time that a read or a write is done. */
let onProgress = () => {};

const reading = connect(`127.0.0.1:${floodPort}`);
const writing = connect(`127.0.0.1:${floodPort}`);
const both = connect(`127.0.0.1:${floodPort}`);
const stuck = connect(`127.0.0.1:${silentPort}`);
await Promise.all([read(reading), write(writing), read(both), write(both), write(stuck)]);

const ways = {
  exits: () => process.exit(7),
  // Here the native side is on the stack.
  'exits between two reads': () => (onProgress = () => process.exit(7)),
  'exits in a tick': () => process.nextTick(() => process.exit(7)),
  throws: () =>
    setImmediate(() => {
      throw new Error('on purpose');
    }),
  'throws between two reads': () =>
    (onProgress = () => {
      throw new Error('on purpose');
    }),
  'exits while it closes': () => {
    for (const socket of [reading, writing, both, stuck]) socket.close();
    process.exit(7);
  },
  'exits when it has closed': async () => {
    await Promise.all([reading.close(), writing.close(), both.close()]);
    process.exit(7);
  },
  'is told to': () => {},
};
await tell('busy');
ways[how]();

/** Resolves when the transfer is under way, and lets it go on. */
function read({ readable }) {
  const reader = readable.getReader();
  return reader.read().then(() => {
    repeat(() => reader.read());
  });
}

function write({ writable }) {
  const writer = writable.getWriter();
  return writer.write(chunk).then(() => {
    repeat(() => writer.write(chunk));
  });
}

async function repeat(step) {
  for (;;) {
    try {
      // A stream that has ended goes on saying so, without ever waiting.
      if ((await step())?.done) return;
    } catch {
      return;
    }
    onProgress();
  }
}
