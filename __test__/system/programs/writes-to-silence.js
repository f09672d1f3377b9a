// Writes to a peer that does not read until it is told to, and reports how far it gets and what memory that takes.

import { createHash } from 'node:crypto';

import { connect } from '../../../index.js';
import { collect, data, tell } from './parent.js';

const { port, pieceSize, highWaterMark, total, stallMs } = data;

// Every piece differs from the one before.
const piece = new Uint8Array(pieceSize);
const socket = connect(`127.0.0.1:${port}`, { highWaterMark });
await socket.opened;
const writer = socket.writable.getWriter();
const hash = createHash('sha256');
let offered = 0;
let taken = 0;

const before = await memory();
while (offered < 2 ** 30 && (await isReady())) write();
await tell({ offered, taken, growth: (await memory()) - before });

// The peer reads now.
while (offered < total) {
  await writer.ready;
  write();
}
await writer.close();
await tell({ offered, taken, hash: hash.digest('hex') });
await socket.readable.pipeTo(new WritableStream());
await socket.closed;
process.disconnect();

function write() {
  piece.fill(offered / pieceSize);
  hash.update(piece);
  offered += pieceSize;
  // What a high-water mark admits waits in the stream, which takes no copy.
  writer.write(piece.slice()).then(() => (taken += pieceSize));
}

/** False if that takes so long that the peer seems to take no more. */
async function isReady() {
  let timer;
  const tooLong = new Promise((resolve) => (timer = setTimeout(resolve, stallMs, false)));
  const isReady = await Promise.race([writer.ready.then(() => true), tooLong]);
  clearTimeout(timer);
  return isReady;
}

async function memory() {
  await collect();
  return process.memoryUsage().rss;
}
