// Large responses, read in all the ways there are.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { ResponseParser, requestHead } from './http.js';

/** How a response is read: what has come in goes to `take`, until that says that it was all. */
export const ways = {
  async 'a default reader'(readable, take) {
    const reader = readable.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done || take(value)) return;
    }
  },
  async 'a BYOB reader'(readable, take) {
    const reader = readable.getReader({ mode: 'byob' });
    let buffer = new ArrayBuffer(256 * 1024);
    for (;;) {
      const { value, done } = await reader.read(new Uint8Array(buffer));
      if (done || take(value)) return;
      buffer = value.buffer;
    }
  },
  async 'for await'(readable, take) {
    for await (const chunk of readable) take(chunk);
  },
  pipeTo(readable, take) {
    return readable.pipeTo(new WritableStream({ write: (chunk) => void take(chunk) }));
  },
};

/**
 * The SHA-256 of what a GET request gives, on a connection of its own.
 *
 * @param {import('../../../index.js').Socket} socket
 * @param {string} path
 * @param {(typeof ways)[keyof typeof ways]} read
 */
export async function download(socket, path, read) {
  const hash = createHash('sha256');
  const parser = new ResponseParser((bytes) => hash.update(bytes));
  const writer = socket.writable.getWriter();
  await writer.write(requestHead('GET', path, { Connection: 'close' }));
  await read(socket.readable, (chunk) => {
    parser.push(chunk);
    return parser.isDone;
  });
  parser.end();
  assert.equal(parser.status, 200);
  await socket.close();
  return hash.digest('hex');
}
