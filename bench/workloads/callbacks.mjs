/**
 * The workloads of `connect-api.mjs` by hand, on Node's sockets with callbacks: the baseline. No stream wrapper, no
 * promise per operation, nothing that an experienced author would not write.
 */
import { once } from 'node:events';
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
 * @typedef {import('node:net').Socket} NetSocket
 * @typedef {import('./connect-api.mjs').Address} Address
 * @typedef {import('./connect-api.mjs').Lane} Lane
 * @typedef {import('./connect-api.mjs').Workload} Workload
 * @typedef {(address: Address) => NetSocket} Dial Starts to connect, with Nagle's algorithm off.
 *
 * @typedef {object} Dials
 * @property {Dial} tcp
 * @property {Dial} tls
 * @property {Dial} resumable TLS that comes back to the session of an earlier connection
 * @property {(socket: NetSocket, address: Address) => NetSocket} startTls
 */

/**
 * @param {Dials} dials
 * @returns {Record<string, Workload>}
 */
export function callbackWorkloads(dials) {
  return {
    'ping-pong-1': ({ tcp }) => pingPong(dials.tcp, tcp.echo, 1),
    'ping-pong-64': ({ tcp }) => pingPong(dials.tcp, tcp.echo, 64),
    download: ({ tcp }) => download(dials.tcp, tcp.source),
    'upload-64k': ({ tcp }) => upload(dials.tcp, tcp.sink, BULK_BLOCK),
    'upload-1k': ({ tcp }) => upload(dials.tcp, tcp.sink, SMALL_BLOCK),
    echo: ({ tcp }) => echo(dials.tcp, tcp.echo),
    churn: ({ tcp }) => churn(dials.tcp, tcp.echo),
    'churn-64': ({ tcp }) => churn(dials.tcp, tcp.echo, 64),
    idle: ({ tcp }) => idle(dials.tcp, tcp.echo),

    'tls-ping-pong-1': ({ tls }) => pingPong(dials.tls, tls.echo, 1),
    'tls-ping-pong-64': ({ tls }) => pingPong(dials.tls, tls.echo, 64),
    'tls-download': ({ tls }) => download(dials.tls, tls.source),
    'tls-upload-64k': ({ tls }) => upload(dials.tls, tls.sink, BULK_BLOCK),
    'tls-echo': ({ tls }) => echo(dials.tls, tls.echo),
    'tls-churn': ({ tls }) => churn(dials.tls, tls.echo),
    'tls-churn-64': ({ tls }) => churn(dials.tls, tls.echo, 64),
    'tls-resume': ({ resumable }) => churn(dials.resumable, resumable.echo),
    starttls: ({ starttls }) => upgrade(dials, starttls.echo),
    'tls-idle': ({ tls }) => idle(dials.tls, tls.echo),
  };
}

/**
 * @param {Dial} dial
 * @param {Address} address
 * @param {number} connections
 * @returns {Promise<Lane>}
 */
async function pingPong(dial, address, connections) {
  const sockets = await Promise.all(Array.from({ length: connections }, () => opened(dial(address))));

  return {
    async run(amount) {
      await Promise.all(sockets.map((socket) => converse(socket, amount / connections)));
    },
    close: () => Promise.all(sockets.map(closed)),
  };
}

/**
 * @param {NetSocket} socket
 * @param {number} roundTrips
 */
function converse(socket, roundTrips) {
  return settle(socket, (resolve, reject) => {
    let missing = MESSAGE.byteLength;
    socket.on('data', (chunk) => {
      missing -= chunk.length;
      if (missing > 0) return;
      if (missing < 0) return reject(new Error(`received ${-missing} bytes too many`));
      roundTrips -= 1;
      if (roundTrips === 0) return resolve();
      missing = MESSAGE.byteLength;
      socket.write(MESSAGE);
    });
    socket.write(MESSAGE);
  });
}

/**
 * @param {Dial} dial
 * @param {Address} address
 * @returns {Promise<Lane>}
 */
async function download(dial, address) {
  const socket = await opened(dial(address));

  return {
    run(amount) {
      socket.write(header(amount * BULK_BLOCK));
      return receive(socket, amount * BULK_BLOCK);
    },
    close: () => closed(socket),
  };
}

/**
 * @param {Dial} dial
 * @param {Address} address
 * @param {number} blockLength
 * @returns {Promise<Lane>}
 */
async function upload(dial, address, blockLength) {
  const block = new Uint8Array(blockLength).fill(0x78);
  const socket = await opened(dial(address));

  return {
    run(amount) {
      const acknowledged = receive(socket, ACKNOWLEDGEMENT_LENGTH);
      socket.write(header(amount * blockLength));
      pour(socket, block, amount);
      return acknowledged;
    },
    close: () => closed(socket),
  };
}

/**
 * @param {Dial} dial
 * @param {Address} address
 * @returns {Promise<Lane>}
 */
async function echo(dial, address) {
  const block = new Uint8Array(BULK_BLOCK).fill(0x78);
  const socket = await opened(dial(address));

  return {
    run(amount) {
      const received = receive(socket, amount * BULK_BLOCK);
      pour(socket, block, amount);
      return received;
    },
    close: () => closed(socket),
  };
}

/**
 * @param {Dial} dial
 * @param {Address} address
 * @param {number} [atOnce]
 * @returns {Promise<Lane>}
 */
async function churn(dial, address, atOnce = 1) {
  return {
    run: (amount) => repeat(amount, atOnce, (next, reject) => greet(dial(address), next, reject)),
    close: async () => {},
  };
}

/**
 * @param {Dials} dials
 * @param {Address} address
 * @returns {Promise<Lane>}
 */
async function upgrade({ tcp, startTls }, address) {
  /** @type {Work} */
  const greetAfterUpgrade = (next, reject) => {
    const socket = tcp(address);
    let missing = GO_AHEAD_LENGTH;
    socket.on('error', reject);
    socket.on('data', function goAhead(chunk) {
      missing -= chunk.length;
      if (missing > 0) return;
      socket.off('data', goAhead);
      greet(startTls(socket, address), next, reject);
    });
    socket.write(STARTTLS);
  };
  return {
    run: (amount) => repeat(amount, 1, greetAfterUpgrade),
    close: async () => {},
  };
}

/**
 * @param {Dial} dial
 * @param {Address} address
 * @returns {Promise<Lane>}
 */
async function idle(dial, address) {
  /** @type {NetSocket[]} */
  const sockets = [];
  /** @type {Work} */
  const hold = (next, reject) => {
    const socket = dial(address);
    let missing = MESSAGE.byteLength;
    socket.on('data', (chunk) => {
      missing -= chunk.length;
      if (missing === 0) next();
    });
    socket.on('error', reject);
    socket.write(MESSAGE);
    sockets.push(socket);
  };

  return {
    run: (amount) => repeat(amount, OPENED_AT_ONCE, hold),
    close: () => Promise.all(sockets.map(closed)),
  };
}

/** @typedef {(next: () => void, reject: (error: Error) => void) => void} Work */

/**
 * @param {number} amount
 * @param {number} atOnce
 * @param {Work} work
 * @returns {Promise<void>}
 */
function repeat(amount, atOnce, work) {
  return new Promise((resolve, reject) => {
    let started = Math.min(atOnce, amount);
    let missing = amount;
    const next = () => {
      missing -= 1;
      if (missing === 0) return resolve();
      if (started === amount) return;
      started += 1;
      work(next, reject);
    };
    for (let i = started; i > 0; i--) work(next, reject);
  });
}

/**
 * One message there and back, and the end.
 *
 * @param {NetSocket} socket
 * @param {() => void} next
 * @param {(error: Error) => void} reject
 */
function greet(socket, next, reject) {
  let missing = MESSAGE.byteLength;
  socket.on('data', (chunk) => {
    missing -= chunk.length;
    if (missing === 0) socket.destroy();
  });
  socket.on('error', reject);
  socket.on('close', next);
  // Node keeps it until the connection is there.
  socket.write(MESSAGE);
}

/**
 * Writes a block so many times, and pauses when it is told to.
 *
 * @param {NetSocket} socket
 * @param {Uint8Array} block
 * @param {number} amount
 */
function pour(socket, block, amount) {
  const goOn = () => {
    while (amount > 0) {
      amount -= 1;
      if (!socket.write(block)) break;
    }
    if (amount === 0) socket.off('drain', goOn);
  };
  socket.on('drain', goOn);
  goOn();
}

/**
 * Resolves when exactly that many bytes have come.
 *
 * @param {NetSocket} socket
 * @param {number} byteLength
 */
function receive(socket, byteLength) {
  return settle(socket, (resolve, reject) => {
    let missing = byteLength;
    socket.on('data', (chunk) => {
      missing -= chunk.length;
      if (missing < 0) reject(new Error(`received ${-missing} bytes too many`));
      if (missing === 0) resolve();
    });
  });
}

/**
 * A promise that also rejects when the socket fails or ends early.
 *
 * @param {NetSocket} socket
 * @param {(resolve: () => void, reject: (error: Error) => void) => void} executor
 * @returns {Promise<void>}
 */
function settle(socket, executor) {
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection ended too early')));
    executor(resolve, reject);
  });
}

/** @param {NetSocket} socket */
async function opened(socket) {
  await once(socket, 'encrypted' in socket ? 'secureConnect' : 'connect');
  return socket;
}

/** @param {NetSocket} socket */
async function closed(socket) {
  socket.destroy();
  await once(socket, 'close');
}
