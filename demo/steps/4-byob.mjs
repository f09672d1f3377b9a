import assert from 'node:assert/strict';

import { connect } from '../../index.js';
import { code, tell, wire } from '../print.mjs';

export const title = 'Bring your own buffer: a binary protocol, read into one piece of memory';

/** @param {import('../servers.mjs').Addresses} addresses */
export async function run({ frames: address }) {
  const socket = connect(address);
  code("const reader = socket.readable.getReader({ mode: 'byob' });");
  const reader = socket.readable.getReader({ mode: 'byob' });

  code('const { value } = await reader.read(new Uint8Array(memory, 0, length));');
  let memory = new ArrayBuffer(128 * 1024);
  const found = [];
  while (true) {
    memory = await fill(reader, memory, 4);
    if (memory.byteLength === 0) break;
    const length = new DataView(memory).getUint32(0);
    memory = await fill(reader, memory, length);
    const text = new TextDecoder().decode(new Uint8Array(memory, 0, length));
    tell(`a message of ${length} bytes: ${wire(text.length > 20 ? `${text.slice(0, 20)}…` : text)}`);
    found.push(length);
  }
  tell('the server has ended the connection');
  assert.deepEqual(found, [4, 3, 110_000]);
  await socket.closed;
}

/**
 * Reads so many bytes to the start of the memory, which each read takes over and gives back. At the end of the stream
 * the memory is empty.
 *
 * @param {ReadableStreamBYOBReader} reader
 * @param {ArrayBuffer} memory
 * @param {number} length
 */
async function fill(reader, memory, length) {
  for (let filled = 0; filled < length;) {
    const { value, done } = await reader.read(new Uint8Array(memory, filled, length - filled));
    if (done) return new ArrayBuffer(0);
    memory = value.buffer;
    filled += value.byteLength;
  }
  return memory;
}
