/**
 * The workloads of `connect-api.mjs` by hand, on a Node socket with callbacks: the baseline. No stream wrapper, no
 * promise per operation, nothing that an experienced author would not write.
 */
import { once } from 'node:events';
import { ACKNOWLEDGEMENT_LENGTH, BULK_BLOCK, MESSAGE, SMALL_BLOCK, header } from './protocol.mjs';

/**
 * @typedef {import('node:net').Socket} NetSocket
 * @typedef {import('./connect-api.mjs').Address} Address
 * @typedef {import('./connect-api.mjs').Lane} Lane
 * @typedef {import('./connect-api.mjs').Workload} Workload
 * @typedef {(address: Address) => NetSocket} Dial Starts to connect, with Nagle's algorithm off.
 */

/**
 * @param {Dial} dial
 * @returns {Record<string, Workload>}
 */
export function callbackWorkloads(dial) {
  return {
    'ping-pong-1': ({ echo }) => pingPong(dial, echo, 1),
    'ping-pong-64': ({ echo }) => pingPong(dial, echo, 64),
    download: ({ source }) => download(dial, source),
    'upload-64k': ({ sink }) => upload(dial, sink, BULK_BLOCK),
    'upload-1k': ({ sink }) => upload(dial, sink, SMALL_BLOCK),
    churn: ({ echo }) => churn(dial, echo),
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
      let left = amount;
      const pour = () => {
        while (left > 0) {
          left -= 1;
          if (!socket.write(block)) break;
        }
        if (left === 0) socket.off('drain', pour);
      };
      socket.on('drain', pour);
      socket.write(header(amount * blockLength));
      pour();
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
async function churn(dial, address) {
  return {
    run: (amount) =>
      new Promise((resolve, reject) => {
        const next = () => {
          if (amount === 0) return resolve();
          amount -= 1;
          const socket = dial(address);
          let missing = MESSAGE.byteLength;
          socket.on('data', (chunk) => {
            missing -= chunk.length;
            if (missing === 0) socket.destroy();
          });
          socket.on('error', reject);
          socket.on('close', next);
          // Node keeps it until the connection is there.
          socket.write(MESSAGE);
        };
        next();
      }),
    close: async () => {},
  };
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
  await once(socket, 'connect');
  return socket;
}

/** @param {NetSocket} socket */
async function closed(socket) {
  socket.destroy();
  await once(socket, 'close');
}
