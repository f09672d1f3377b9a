/**
 * A proxy that stands between a client and its peer, and does to their connection what a fault script says. A script is data
 * (see `scripts.js`): what happens when the client comes, and for each direction a list of steps, `[name, ...arguments]`,
 * through which the bytes go.
 *
 * @typedef {[step: keyof typeof steps, ...args: number[]]} Step
 *
 * @typedef {object} Fault
 * @property {string} name
 * @property {keyof typeof refusals | undefined} [arrival] How the client is turned away, if it is.
 * @property {Step[] | undefined} [toPeer] What happens to what the client sends.
 * @property {Step[] | undefined} [toClient] What happens to what the peer sends.
 * @property {boolean | undefined} [faithful] Everything arrives in the end, and in its order.
 * @property {number | undefined} [patience] After so many milliseconds whoever is stuck is reset; 300 by default.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { refusedPort } from '../helpers/refused-port.js';

/** @typedef {AsyncIterable<Buffer>} Chunks */
/** @typedef {import('node:net').Socket} Socket */

/** Long enough for what was sent to be received on its own. */
const APART_MS = 3;

/** A direction that has been silent for so long has no more to say for now. */
const SILENCE_MS = 10;

// How the bytes of a direction end, other than by FIN. Steps throw these.
const RESET = new Error('RST');
const FIN_AND_RESET = new Error('FIN, and RST right behind it');
const NOTHING = new Error('no end');

export class FaultProxy {
  #fault;
  #peer;
  #server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  /** @type {Set<Socket>} */ #sockets = new Set();
  /** Give the port back. @type {(() => void)[]} */ #releases = [];
  port = 0;

  /**
   * @param {Fault} fault
   * @param {{ host: string, port: number }} peer
   */
  constructor(fault, peer) {
    this.#fault = fault;
    this.#peer = peer;
  }

  /**
   * Listens, on the address of the peer.
   *
   * @param {Fault} fault
   * @param {{ host: string, port: number }} peer
   */
  static async start(fault, peer) {
    const proxy = new FaultProxy(fault, peer);
    if (fault.arrival === 'RST before accept') {
      proxy.port = await listenWithoutAccepting(peer.host);
      return proxy;
    }
    if (fault.arrival === 'nobody listens') {
      proxy.port = await refusedPort({ after: (release) => proxy.#releases.push(release) }, peer.host);
      return proxy;
    }
    proxy.#server.listen(0, peer.host);
    await once(proxy.#server, 'listening');
    proxy.port = /** @type {import('node:net').AddressInfo} */ (proxy.#server.address()).port;
    return proxy;
  }

  /** Resets every connection, and listens no more. */
  stop() {
    if (this.#server.listening) this.#server.close();
    for (const socket of this.#sockets) reset(socket);
    for (const release of this.#releases) release();
  }

  /** @param {Socket} client */
  #accept(client) {
    this.#watch(client);
    const { arrival, toPeer = [], toClient = [] } = this.#fault;
    if (arrival !== undefined) return refusals[arrival](client);
    const peer = connect({ ...this.#peer, allowHalfOpen: true, noDelay: true });
    this.#watch(peer);
    client.on('close', (failed) => failed && reset(peer));
    peer.on('close', (failed) => failed && reset(client));
    void carry(client, peer, toPeer);
    void carry(peer, client, toClient);
  }

  /** @param {Socket} socket */
  #watch(socket) {
    this.#sockets.add(socket);
    // What went wrong on one side is passed on when it closes.
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

/** What becomes of a client that is not let through. */
const refusals = {
  'nobody listens': () => {},
  'RST before accept': () => {},
  'RST after accept': reset,
  'FIN after accept': (/** @type {Socket} */ client) => void client.resume().end(),
  'FIN and RST after accept': (/** @type {Socket} */ client) => void client.resume().end(() => reset(client)),
};

/**
 * One direction of a connection, to its end.
 *
 * @param {Socket} from
 * @param {Socket} to
 * @param {Step[]} script
 */
async function carry(from, to, script) {
  /** @type {Chunks} */
  let chunks = from.iterator({ destroyOnReturn: false });
  for (const [step, ...args] of script) {
    chunks = /** @type {(chunks: Chunks, ...args: number[]) => Chunks} */ (steps[step])(chunks, ...args);
  }
  try {
    for await (const chunk of chunks) await send(to, chunk);
    to.end();
  } catch (end) {
    if (end === FIN_AND_RESET) await new Promise((resolve) => to.end(() => resolve(undefined)));
    if (end !== NOTHING) for (const socket of [from, to]) reset(socket);
  }
  // Bytes that are not passed on are taken nevertheless, so that their sender goes on.
  from.resume();
}

/** Resolves when the kernel has taken the bytes, or nobody can. */
const send = (/** @type {Socket} */ to, /** @type {Buffer} */ chunk) =>
  new Promise((resolve) => to.write(chunk, () => resolve(undefined)));

/** What can be done to the bytes of one direction. The offsets count the bytes that have come this way. */
export const steps = {
  /** Everything is late by so many milliseconds, FIN too. */
  async *latency(/** @type {Chunks} */ chunks, /** @type {number} */ ms) {
    for await (const chunk of chunks) {
      await delay(ms);
      yield chunk;
    }
    await delay(ms);
  },

  /** The first so many bytes come one at a time, the rest as it is. */
  async *trickle(/** @type {Chunks} */ chunks, /** @type {number} */ count) {
    let left = count;
    for await (const chunk of chunks) {
      const slow = Math.min(left, chunk.length);
      left -= slow;
      for (let index = 0; index < slow; index += 1) {
        yield chunk.subarray(index, index + 1);
        await turn();
      }
      if (slow < chunk.length) yield chunk.subarray(slow);
    }
  },

  /** No segment is longer than that. */
  async *pieces(/** @type {Chunks} */ chunks, /** @type {number} */ size) {
    for await (const chunk of chunks) {
      for (let from = 0; from < chunk.length; from += size) yield chunk.subarray(from, from + size);
    }
  },

  /** What is before the offset comes alone, and what is behind it later. */
  async *split(/** @type {Chunks} */ chunks, /** @type {number} */ offset) {
    for await (const { before, behind } of cut(chunks, offset)) {
      if (before.length > 0) yield before;
      if (before.length > 0 && behind.length > 0) await delay(APART_MS);
      if (behind.length > 0) yield behind;
    }
  },

  /** Everything comes in one go, as soon as it is so many bytes or nothing follows for a while. */
  async *giant(/** @type {Chunks} */ chunks, /** @type {number} */ size) {
    const source = chunks[Symbol.asyncIterator]();
    /** @type {Buffer[]} */ let held = [];
    let length = 0;
    let next = source.next();
    for (;;) {
      const result = length === 0 ? await next : await Promise.race([next, delay(SILENCE_MS)]);
      if (result?.value) {
        held.push(result.value);
        length += result.value.length;
        next = source.next();
      }
      if (length > 0 && (!result || result.done || length >= size)) {
        yield Buffer.concat(held);
        held = [];
        length = 0;
      }
      if (result?.done) return;
    }
  },

  /** What is behind the offset waits for the FIN, and comes together with it. */
  async *hold(/** @type {Chunks} */ chunks, /** @type {number} */ offset) {
    /** @type {Buffer[]} */ const held = [];
    for await (const { before, behind } of cut(chunks, offset)) {
      if (before.length > 0) yield before;
      if (behind.length > 0) held.push(behind);
    }
    if (held.length > 0) yield Buffer.concat(held);
  },

  /** FIN stays behind by so many milliseconds. */
  async *delayFin(/** @type {Chunks} */ chunks, /** @type {number} */ ms) {
    yield* chunks;
    await delay(ms);
  },

  /** RST to both sides at the offset. */
  async *reset(/** @type {Chunks} */ chunks, /** @type {number} */ offset) {
    yield* until(chunks, offset, RESET);
  },

  /** FIN at the offset; the rest is lost. */
  async *fin(/** @type {Chunks} */ chunks, /** @type {number} */ offset) {
    yield* upTo(chunks, offset);
  },

  /** From the offset on nothing comes any more, and no end either. */
  async *vanish(/** @type {Chunks} */ chunks, /** @type {number} */ offset) {
    yield* until(chunks, offset, NOTHING);
    throw NOTHING;
  },

  /** RST inside the record of TLS with that number, behind so many of its bytes. */
  async *resetInRecord(
    /** @type {Chunks} */ chunks,
    /** @type {number} */ record,
    /** @type {number} */ bytes,
  ) {
    const records = new Records();
    for await (const chunk of chunks) {
      const offset = records.find(chunk, record);
      if (offset === undefined) {
        yield chunk;
        continue;
      }
      yield chunk.subarray(0, offset + bytes);
      await delay(APART_MS);
      throw RESET;
    }
  },

  /** RST in place of FIN. */
  async *resetForFin(/** @type {Chunks} */ chunks) {
    yield* chunks;
    throw RESET;
  },

  /** RST right behind FIN. */
  async *resetBehindFin(/** @type {Chunks} */ chunks) {
    yield* chunks;
    throw FIN_AND_RESET;
  },
};

/**
 * What is before the offset, and then what is behind it as well.
 *
 * @param {Chunks} chunks
 * @param {number} offset
 */
async function* cut(chunks, offset) {
  let count = 0;
  for await (const chunk of chunks) {
    const at = Math.max(0, Math.min(offset - count, chunk.length));
    count += chunk.length;
    yield { before: chunk.subarray(0, at), behind: chunk.subarray(at) };
  }
}

/**
 * @param {Chunks} chunks
 * @param {number} offset
 */
async function* upTo(chunks, offset) {
  if (offset === 0) return;
  let left = offset;
  for await (const chunk of chunks) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}

/**
 * @param {Chunks} chunks
 * @param {number} offset
 * @param {Error} end What happens there; a direction that is shorter ends as it would.
 */
async function* until(chunks, offset, end) {
  let count = 0;
  if (offset > 0) {
    for await (const chunk of upTo(chunks, offset)) {
      count += chunk.length;
      yield chunk;
    }
  }
  if (count < offset) return;
  // Otherwise RST would overtake what was sent before it.
  await delay(APART_MS);
  throw end;
}

/** Counts the records of TLS in a direction. Plain text has none, or few by accident. */
class Records {
  #count = 0;
  /** Bytes up to the next header. */
  #left = 0;
  #header = Buffer.alloc(0);

  /**
   * Where the payload of the record with that number begins, if it begins in this chunk.
   *
   * @param {Buffer} chunk
   * @param {number} wanted
   */
  find(chunk, wanted) {
    let at = 0;
    while (at < chunk.length) {
      const skipped = Math.min(this.#left, chunk.length - at);
      this.#left -= skipped;
      at += skipped;
      const part = chunk.subarray(at, at + 5 - this.#header.length);
      if (this.#left > 0 || part.length === 0) return undefined;
      this.#header = Buffer.concat([this.#header, part]);
      at += part.length;
      if (this.#header.length < 5) return undefined;
      this.#left = this.#header.readUInt16BE(3);
      this.#header = Buffer.alloc(0);
      this.#count += 1;
      if (this.#count === wanted) return at;
    }
    return undefined;
  }
}

/**
 * RST, at once. `resetAndDestroy()` would first wait until everything is sent, and send FIN.
 *
 * @param {Socket} socket
 */
function reset(socket) {
  if (socket.destroyed) return;
  if (socket.connecting || (socket.writableEnded && !socket.writableFinished)) return void socket.destroy();
  Object.assign(socket, { resetAndClosing: true });
  socket.destroy();
}

/** @type {Worker | undefined} */
let dozer;

/**
 * Listens on a port whose connections are in the backlog of a thread that is asleep, until it wakes up and closes the
 * listener: then the kernel resets them.
 *
 * @param {string} host
 * @returns {Promise<number>} The port.
 */
async function listenWithoutAccepting(host) {
  dozer ??= new Worker(
    `const { createServer } = require('node:net');
     const { parentPort } = require('node:worker_threads');
     parentPort.on('message', ({ host, answer }) => {
       const server = createServer().listen(0, host, () => {
         answer.postMessage(server.address().port);
         answer.close();
         Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 15);
         server.close();
       });
     });`,
    { eval: true },
  );
  dozer.unref();
  const { port1, port2 } = new MessageChannel();
  dozer.postMessage({ host, answer: port2 }, [port2]);
  const [port] = await once(port1, 'message');
  return port;
}
