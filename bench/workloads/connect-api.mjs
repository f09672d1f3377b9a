/**
 * The workloads, written against nothing but the `connect()` API and web streams, so that every peer with such an
 * API runs the very same code.
 *
 * `callbacks.mjs` has the same workloads for `node:net` and `node:tls`. The amounts are counted in the operations of `plan.mjs`.
 */
import {
  ACKNOWLEDGEMENT_LENGTH,
  BULK_BLOCK,
  GO_AHEAD_LENGTH,
  MESSAGE,
  OPENED_AT_ONCE,
  SMALL_BLOCK,
  STARTTLS,
  header,
} from './protocol.mjs';

/**
 * @typedef {{ hostname: string, port: number }} Address
 *
 * @typedef {object} Addresses By transport and service.
 * @property {{ echo: Address, source: Address, sink: Address }} tcp
 * @property {{ echo: Address, source: Address, sink: Address }} tls A full handshake for each connection, of everyone.
 * @property {{ echo: Address }} resumable TLS with session tickets
 * @property {{ echo: Address }} starttls
 * @property {Address} pg PostgreSQL, in place of all the others
 *
 * @typedef {object} Socket What a peer's `connect()` must return.
 * @property {ReadableStream<Uint8Array>} readable
 * @property {WritableStream<Uint8Array>} writable
 * @property {Promise<unknown>} opened
 * @property {() => Promise<unknown>} close
 * @property {() => Socket} [startTls]
 *
 * @typedef {(address: Address, options?: { secureTransport: 'on' | 'starttls' }) => Socket} Connect
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
  /** @type {Connect} */
  const secure = (address) => connect(address, { secureTransport: 'on' });
  return {
    'ping-pong-1': ({ tcp }) => pingPong(connect, tcp.echo, 1),
    'ping-pong-64': ({ tcp }) => pingPong(connect, tcp.echo, 64),
    download: ({ tcp }) => download(connect, tcp.source),
    'download-byob': ({ tcp }) => downloadByob(connect, tcp.source),
    'upload-64k': ({ tcp }) => upload(connect, tcp.sink, BULK_BLOCK),
    'upload-1k': ({ tcp }) => upload(connect, tcp.sink, SMALL_BLOCK),
    echo: ({ tcp }) => echo(connect, tcp.echo),
    churn: ({ tcp }) => churn(connect, tcp.echo),
    'churn-64': ({ tcp }) => churn(connect, tcp.echo, 64),
    idle: ({ tcp }) => idle(connect, tcp.echo),

    'tls-ping-pong-1': ({ tls }) => pingPong(secure, tls.echo, 1),
    'tls-ping-pong-64': ({ tls }) => pingPong(secure, tls.echo, 64),
    'tls-download': ({ tls }) => download(secure, tls.source),
    'tls-download-byob': ({ tls }) => downloadByob(secure, tls.source),
    'tls-upload-64k': ({ tls }) => upload(secure, tls.sink, BULK_BLOCK),
    'tls-echo': ({ tls }) => echo(secure, tls.echo),
    'tls-churn': ({ tls }) => churn(secure, tls.echo),
    'tls-churn-64': ({ tls }) => churn(secure, tls.echo, 64),
    'tls-resume': ({ resumable }) => churn(secure, resumable.echo),
    starttls: ({ starttls }) => upgrade(connect, starttls.echo),
    'tls-idle': ({ tls }) => idle(secure, tls.echo),
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
 * Blocks go and come back at the same time, on one connection. Neither side waits for the other, so a whole block is never
 * on its way alone.
 *
 * @param {Connect} connect
 * @param {Address} address
 * @returns {Promise<Lane>}
 */
async function echo(connect, address) {
  const block = new Uint8Array(BULK_BLOCK).fill(0x78);
  const socket = connect(address);
  await socket.opened;
  const reader = socket.readable.getReader();
  const writer = socket.writable.getWriter();
  const send = async (/** @type {number} */ amount) => {
    for (let i = 0; i < amount; i++) await writer.write(block);
  };

  return {
    async run(amount) {
      await Promise.all([send(amount), receive(reader, amount * BULK_BLOCK)]);
    },
    close: () => socket.close(),
  };
}

/**
 * New connections, each for one message there and back, so many of them at a time. Nobody waits for `opened`: what is
 * written before goes out as soon as it can.
 *
 * @param {Connect} connect
 * @param {Address} address
 * @param {number} [atOnce]
 * @returns {Promise<Lane>}
 */
async function churn(connect, address, atOnce = 1) {
  return {
    run: (amount) => repeat(amount, atOnce, () => greet(connect(address))),
    close: async () => {},
  };
}

/**
 * The same, one after another, over connections that begin without TLS.
 *
 * @param {Connect} connect
 * @param {Address} address
 * @returns {Promise<Lane>}
 */
async function upgrade(connect, address) {
  return {
    run: (amount) => repeat(amount, 1, async () => greet(await startTls(connect, address))),
    close: async () => {},
  };
}

/**
 * @param {Connect} connect
 * @param {Address} address
 */
async function startTls(connect, address) {
  const socket = connect(address, { secureTransport: 'starttls' });
  const reader = socket.readable.getReader();
  const writer = socket.writable.getWriter();
  await writer.write(STARTTLS);
  await receive(reader, GO_AHEAD_LENGTH);
  reader.releaseLock();
  writer.releaseLock();
  return /** @type {NonNullable<Socket['startTls']>} */ (socket.startTls).call(socket);
}

/**
 * Connections that have been used, and wait for more until the end.
 *
 * @param {Connect} connect
 * @param {Address} address
 * @returns {Promise<Lane>}
 */
async function idle(connect, address) {
  /** @type {{ socket: Socket, pending: Promise<unknown> }[]} */
  const held = [];
  const hold = async () => {
    const socket = connect(address);
    const reader = socket.readable.getReader();
    await converse(reader, socket.writable.getWriter(), 1);
    held.push({ socket, pending: reader.read() });
  };

  return {
    run: (amount) => repeat(amount, OPENED_AT_ONCE, hold),
    async close() {
      // Whether a pending read ends well or with an error when its socket is closed is the peer's business.
      const reads = Promise.allSettled(held.map(({ pending }) => pending));
      await Promise.all(held.map(({ socket }) => socket.close()));
      await reads;
    },
  };
}

/**
 * One message there and back, and the end.
 *
 * @param {Socket} socket
 */
async function greet(socket) {
  await converse(socket.readable.getReader(), socket.writable.getWriter(), 1);
  await socket.close();
}

/**
 * @param {number} amount
 * @param {number} atOnce
 * @param {() => Promise<void>} work
 */
async function repeat(amount, atOnce, work) {
  const one = async () => {
    while (amount > 0) {
      amount -= 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, amount) }, one));
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
