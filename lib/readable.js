'use strict';

// Native connection → byte stream: demand, chunks, end of stream.

const { WAIT, SLAB_SIZE, SYSTEM_CALL, slab, recv, recvInto, mustYield } = require('./core.js');
const { withFastReader } = require('./fast-reader.js');
const { setImmediate } = require('./timing.js');

/** `highWaterMark: 0`: nothing is read before somebody asks for it. */
const STRATEGY = { highWaterMark: 0 };

/** What a receive gives when there is no memory for its chunk. */
const NO_MEMORY = -3;

/** No reads that wait. @type {Waiting[]} */
const NOBODY = [];

/** Memory for the next large chunk, shared by all sockets because nothing happens between filling and giving it away. */
/** @type {Uint8Array<ArrayBuffer> | undefined} */
let spare;

/** @typedef {{ value: Uint8Array, done: false } | { value: undefined, done: true }} Result What a read gives. */
/** @typedef {{ resolve: (result: Result) => void, reject: (error: unknown) => void }} Waiting */

/** The source of a socket's `readable`. */
class Source {
  /** @readonly */
  type = 'bytes';
  /** @type {import('./connection.js').Connection} */
  #connection;
  /** @type {ReadableByteStreamController | undefined} */
  #controller;
  /** A read is asked for that could not be served yet. */
  #isWanted = false;
  /**
   * The reader that brought the present BYOB request may have gone, and another one may wait: bytes that answer the request
   * would go into the queue past that one. So they are enqueued, which serves any reader. Nothing is known of the first
   * request, because a stream is not told of what happens before it has started.
   */
  #isRequestStale = true;
  /** The last chunk filled the slab, so that the next one is likely to be large too. */
  #isBulk = false;
  /** Why there was no memory for a chunk. @type {unknown} */
  #memoryError;
  /** The present reader takes its chunks from here, and the stream knows nothing of its reads. */
  #isDirect = false;
  /** Direct reads that wait, in their order. @type {Waiting[]} */
  #waiting = NOBODY;

  /** @param {import('./connection.js').Connection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /** @param {ReadableByteStreamController} controller */
  start(controller) {
    this.#controller = controller;
  }

  /**
   * Lets a new reader take chunks from here directly, if there is nothing in the stream that would have to come before:
   * no bytes, no read that waits, no end. Then `read` serves it until `detach`.
   */
  attach() {
    this.#isDirect = !this.#isWanted && this.#controller?.desiredSize === 0;
    return this.#isDirect;
  }

  /**
   * Reads for the reader that is attached. Without a promise as the result, the stream is to answer: it has ended, or
   * somebody has made it read past this reader.
   *
   * @returns {Promise<Result> | undefined}
   */
  read() {
    if (!this.#isDirect || this.#isWanted) return undefined;
    const isDue = !this.#connection.isOpen || !mustYield(SYSTEM_CALL);
    if (isDue && this.#waiting.length === 0 && this.#connection.isOpen) {
      const received = this.#receive();
      if (typeof received !== 'number') return Promise.resolve({ value: received, done: false });
      const result = this.#wait();
      this.#onNothing(received);
      return result;
    }
    const result = this.#wait();
    if (isDue) this.serve();
    else setImmediate(() => this.serve());
    return result;
  }

  /** The reader that was attached has gone. Returns the reads that still wait. */
  detach() {
    this.#isDirect = false;
    const waiting = this.#waiting;
    this.#waiting = NOBODY;
    // What they waited for goes to the next reader.
    this.#isWanted ||= waiting.length > 0;
    return waiting;
  }

  /** @returns {Promise<Result>} */
  #wait() {
    return new Promise((resolve, reject) => {
      // Mostly there is one, and an array that begins with it is the smallest.
      if (this.#waiting.length === 0) this.#waiting = [{ resolve, reject }];
      else this.#waiting.push({ resolve, reject });
    });
  }

  /** Called once for the first read that waits; the readiness handler serves it when it can't be served now. */
  pull() {
    // A second BYOB read does not come here, so this is a default read behind a BYOB read whose reader was released.
    if (this.#isWanted) this.#isRequestStale = true;
    this.#isWanted = true;
    if (!this.#connection.isOpen) return;
    if (mustYield(SYSTEM_CALL)) setImmediate(() => this.serve());
    else this.serve();
  }

  cancel() {
    this.#controller = undefined;
    for (const { resolve } of this.detach()) resolve({ value: undefined, done: true });
    this.#connection.onCancel();
  }

  /** Serves the reads that wait, as far as bytes, the end or an error are there. */
  serve() {
    if (!this.#connection.isOpen) return;
    if (this.#waiting.length > 0) this.#serveDirectly();
    else if (this.#isWanted && this.#controller !== undefined) this.#serveStream(this.#controller);
  }

  #serveDirectly() {
    do {
      const received = this.#receive();
      if (typeof received === 'number') return this.#onNothing(received);
      const [{ resolve }] = this.#waiting;
      if (this.#waiting.length === 1) this.#waiting = NOBODY;
      else this.#waiting.shift();
      resolve({ value: received, done: false });
      if (this.#waiting.length > 0 && mustYield(SYSTEM_CALL)) return void setImmediate(() => this.serve());
    } while (this.#waiting.length > 0);
    // Somebody has read from the stream itself meanwhile.
    if (this.#isWanted && this.#controller !== undefined) this.#serveStream(this.#controller);
    else this.#connection.stopAwaitingRead();
  }

  /** @param {ReadableByteStreamController} controller */
  #serveStream(controller) {
    // First, because giving the reader its bytes may bring the next `pull` at once.
    this.#isWanted = false;
    const request = controller.byobRequest;
    let count;
    if (request === null) count = enqueue(this.#receive(), controller);
    else if (this.#isRequestStale) count = enqueue(this.#receive(request.view?.byteLength), controller);
    else count = this.#receiveInto(request);
    if (count > 0) {
      this.#isRequestStale = false;
      if (!this.#isWanted) this.#connection.stopAwaitingRead();
    } else {
      this.#isWanted = count === WAIT;
      this.#onNothing(count);
    }
  }

  /**
   * No bytes were received.
   *
   * @param {number} count What the receive returned instead.
   */
  #onNothing(count) {
    const connection = this.#connection;
    if (count === WAIT) connection.awaitRead();
    else if (count === 0) connection.onEnd();
    else if (count === NO_MEMORY) connection.onOutOfMemory(this.#memoryError);
    else connection.onReadFailed();
  }

  /**
   * Receives into the buffer that the reader brought.
   *
   * @param {ReadableStreamBYOBRequest} request
   */
  #receiveInto(request) {
    const count = recvInto(this.#connection.key, /** @type {Uint8Array} */ (request.view));
    if (count > 0) request.respond(count);
    return count;
  }

  /**
   * Receives a chunk, or tells why there is none.
   *
   * @param {number} [most] Bytes, if the reader has said how many.
   */
  #receive(most) {
    try {
      if (most !== undefined) return this.#receiveAtMost(most);
      return this.#isBulk ? this.#receiveMuch() : this.#receiveSome();
    } catch (error) {
      this.#memoryError = error;
      return NO_MEMORY;
    }
  }

  /** @param {number} most */
  #receiveAtMost(most) {
    const memory = most <= SLAB_SIZE ? slab.subarray(0, most) : new Uint8Array(most);
    const count = recvInto(this.#connection.key, memory);
    return count > 0 ? memory.slice(0, count) : count;
  }

  /** Small chunks are copied out of the slab. */
  #receiveSome() {
    const count = recv(this.#connection.key);
    this.#isBulk = count === SLAB_SIZE;
    return count > 0 ? slab.slice(0, count) : count;
  }

  /** In bulk, chunks are received straight into memory that is given away when it is full. */
  #receiveMuch() {
    // Uninitialised memory is fine: what is given away has been filled to the last byte.
    const chunk = (spare ??= new Uint8Array(
      /** @type {ArrayBuffer} */ (Buffer.allocUnsafeSlow(SLAB_SIZE).buffer),
    ));
    const count = recvInto(this.#connection.key, chunk);
    this.#isBulk = count === SLAB_SIZE;
    if (!this.#isBulk) return count > 0 ? chunk.slice(0, count) : count;
    spare = undefined;
    return chunk;
  }

  /** Whether the stream holds bytes that nobody has read. */
  get hasUnread() {
    const size = this.#controller?.desiredSize ?? 0;
    return size < 0;
  }

  /** Ends the stream: reads that wait are done. */
  close() {
    const controller = this.#controller;
    if (controller === undefined) return;
    this.#controller = undefined;
    try {
      controller.close();
      // A BYOB read that waits gets its buffer back.
      controller.byobRequest?.respond(0);
    } catch {
      // The stream ended in the middle of an element of a BYOB view: that has errored it, as the standard has it.
    }
    for (const { resolve } of this.detach()) resolve({ value: undefined, done: true });
  }

  /** @param {unknown} error */
  error(error) {
    this.#controller?.error(error);
    this.#controller = undefined;
    for (const { reject } of this.detach()) reject(error);
  }
}

/**
 * Gives a chunk to the stream, and its length to the caller; or what there was instead of one.
 *
 * @param {Uint8Array<ArrayBuffer> | number} received
 * @param {ReadableByteStreamController} controller
 */
function enqueue(received, controller) {
  if (typeof received === 'number') return received;
  // Before the stream detaches it.
  const { byteLength } = received;
  controller.enqueue(received);
  return byteLength;
}

/** @param {Source} source */
function makeReadable(source) {
  return withFastReader(new ReadableStream(source, STRATEGY), source);
}

exports.Source = Source;
exports.makeReadable = makeReadable;
