/**
 * The workloads, written against nothing but the `connect()` API and web streams, so that every peer with such an
 * API runs the very same code.
 *
 * `callbacks.mjs` has the same workloads for `node:net`. The amounts are counted in the operations of `plan.mjs`.
 */
import { ACKNOWLEDGEMENT_LENGTH, BULK_BLOCK, MESSAGE, SMALL_BLOCK, header } from './protocol.mjs';

/**
 * @typedef {{ hostname: string, port: number }} Address
 * @typedef {{ echo: Address, source: Address, sink: Address }} Addresses
 *
 * @typedef {object} Socket What a peer's `connect()` must return.
 * @property {ReadableStream<Uint8Array>} readable
 * @property {WritableStream<Uint8Array>} writable
 * @property {Promise<unknown>} [opened] `@arrowood.dev/socket` has none
 * @property {Promise<unknown>} closed
 * @property {() => Promise<unknown>} close
 *
 * @typedef {(address: Address) => Socket} Connect
 *
 * @typedef {object} Lane An opened workload, ready to run once.
 * @property {(amount: number) => Promise<void>} run Does that many operations: the part that is timed.
 * @property {() => Promise<unknown>} close
 *
 * @typedef {(addresses: Addresses) => Promise<Lane>} Workload
 */

/**
 * @param {Connect} connect
 * @returns {Record<string, Workload>}
 */
export function connectWorkloads(connect) {
  return {
    'ping-pong-1': ({ echo }) => pingPong(connect, echo, 1),
    'ping-pong-64': ({ echo }) => pingPong(connect, echo, 64),
    download: ({ source }) => download(connect, source),
    'download-byob': ({ source }) => downloadByob(connect, source),
    'upload-64k': ({ sink }) => upload(connect, sink, BULK_BLOCK),
    'upload-1k': ({ sink }) => upload(connect, sink, SMALL_BLOCK),
    churn: ({ echo }) => churn(connect, echo),
  };
}

/**
 * Every connection sends a message and waits for it to come back, over and over.
 *
 * @param {Connect} connect
 * @param {Address} address
 * @param {number} connections
 * @returns {Promise<Lane>}
 */
async function pingPong(connect, address, connections) {
  const sockets = Array.from({ length: connections }, () => connect(address));
  await Promise.all(sockets.map((socket) => socket.opened));
  const ends = sockets.map(({ readable, writable }) => ({
    reader: readable.getReader(),
    writer: writable.getWriter(),
  }));

  return {
    async run(amount) {
      await Promise.all(ends.map(({ reader, writer }) => converse(reader, writer, amount / connections)));
    },
    close: () => Promise.all(sockets.map((socket) => socket.close())),
  };
}

/**
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader
 * @param {WritableStreamDefaultWriter<Uint8Array>} writer
 * @param {number} roundTrips
 */
async function converse(reader, writer, roundTrips) {
  for (let i = 0; i < roundTrips; i++) {
    await writer.write(MESSAGE);
    await receive(reader, MESSAGE.byteLength);
  }
}

/**
 * @param {Connect} connect
 * @param {Address} address
 * @returns {Promise<Lane>}
 */
async function download(connect, address) {
  const socket = connect(address);
  await socket.opened;
  const reader = socket.readable.getReader();
  const writer = socket.writable.getWriter();

  return {
    async run(amount) {
      await writer.write(header(amount * BULK_BLOCK));
      await receive(reader, amount * BULK_BLOCK);
    },
    close: () => socket.close(),
  };
}

/**
 * The same into one buffer of the caller's, which goes back and forth.
 *
 * @param {Connect} connect
 * @param {Address} address
 * @returns {Promise<Lane>}
 */
async function downloadByob(connect, address) {
  const socket = connect(address);
  await socket.opened;
  const reader = socket.readable.getReader({ mode: 'byob' });
  const writer = socket.writable.getWriter();

  return {
    async run(amount) {
      await writer.write(header(amount * BULK_BLOCK));
      let missing = amount * BULK_BLOCK;
      let buffer = new ArrayBuffer(BULK_BLOCK);
      while (missing > 0) {
        const { done, value } = await reader.read(new Uint8Array(buffer));
        if (done) throw endedEarly(missing);
        missing -= value.byteLength;
        buffer = /** @type {ArrayBuffer} */ (value.buffer);
      }
      if (missing < 0) throw receivedTooMuch(-missing);
    },
    close: () => socket.close(),
  };
}

/**
 * Each write is awaited. The end of the measurement is the server's word that it has everything.
 *
 * @param {Connect} connect
 * @param {Address} address
 * @param {number} blockLength
 * @returns {Promise<Lane>}
 */
async function upload(connect, address, blockLength) {
  const block = new Uint8Array(blockLength).fill(0x78);
  const socket = connect(address);
  await socket.opened;
  const reader = socket.readable.getReader();
  const writer = socket.writable.getWriter();

  return {
    async run(amount) {
      await writer.write(header(amount * blockLength));
      for (let i = 0; i < amount; i++) await writer.write(block);
      await receive(reader, ACKNOWLEDGEMENT_LENGTH);
    },
    close: () => socket.close(),
  };
}

/**
 * Connections one after another, each for one message there and back. Nobody waits for `opened`: what is written
 * before goes out as soon as it can.
 *
 * @param {Connect} connect
 * @param {Address} address
 * @returns {Promise<Lane>}
 */
async function churn(connect, address) {
  return {
    async run(amount) {
      for (let i = 0; i < amount; i++) {
        const socket = connect(address);
        const reader = socket.readable.getReader();
        const writer = socket.writable.getWriter();
        await writer.write(MESSAGE);
        await receive(reader, MESSAGE.byteLength);
        await socket.close();
      }
    },
    close: async () => {},
  };
}

/**
 * Reads exactly that many bytes.
 *
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader
 * @param {number} byteLength
 */
async function receive(reader, byteLength) {
  let missing = byteLength;
  while (missing > 0) {
    const { done, value } = await reader.read();
    if (done) throw endedEarly(missing);
    missing -= value.byteLength;
  }
  if (missing < 0) throw receivedTooMuch(-missing);
}

/** @param {number} missing */
function endedEarly(missing) {
  return new Error(`the connection ended ${missing} bytes too early`);
}

/** @param {number} excess */
function receivedTooMuch(excess) {
  return new Error(`received ${excess} bytes too many`);
}
