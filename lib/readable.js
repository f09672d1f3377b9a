'use strict';

// Native connection → byte stream: demand, chunks, end of stream.

const { WAIT, SLAB_SIZE, SYSTEM_CALL, slab, recv, recvInto, mustYield } = require('./core.js');

/** `highWaterMark: 0`: nothing is read before somebody asks for it. */
const STRATEGY = { highWaterMark: 0 };

/** Memory for the next large chunk, shared by all sockets because nothing happens between filling and giving it away. */
/** @type {Uint8Array<ArrayBuffer> | undefined} */
let spare;

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

  /** @param {import('./connection.js').Connection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /** @param {ReadableByteStreamController} controller */
  start(controller) {
    this.#controller = controller;
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
    this.#connection.onCancel();
  }

  /** Serves the read that waits, if bytes, the end or an error are there. */
  serve() {
    const controller = this.#controller;
    const connection = this.#connection;
    if (!this.#isWanted || controller === undefined || !connection.isOpen) return;
    // First, because giving the reader its bytes may bring the next `pull` at once.
    this.#isWanted = false;
    const request = controller.byobRequest;
    let count;
    if (request === null) count = this.#receive(controller);
    else if (this.#isRequestStale) count = this.#receiveBeside(request, controller);
    else count = this.#receiveInto(request);
    if (count > 0) {
      this.#isRequestStale = false;
      return;
    }
    if (count === 0) {
      connection.onEnd();
    } else if (count === WAIT) {
      this.#isWanted = true;
      connection.awaitRead();
    } else {
      connection.onReadFailed();
    }
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
   * Receives no more than fits the buffer of a request that may be stale, and enqueues that.
   *
   * @param {ReadableStreamBYOBRequest} request
   * @param {ReadableByteStreamController} controller
   */
  #receiveBeside(request, controller) {
    const room = /** @type {Uint8Array} */ (request.view).byteLength;
    const memory = room <= SLAB_SIZE ? slab.subarray(0, room) : new Uint8Array(room);
    const count = recvInto(this.#connection.key, memory);
    if (count > 0) controller.enqueue(memory.slice(0, count));
    return count;
  }

  /**
   * Receives a chunk and enqueues it. Small chunks are copied out of the slab; in bulk, chunks are received straight into
   * memory that is given away when it is full.
   *
   * @param {ReadableByteStreamController} controller
   */
  #receive(controller) {
    const { key } = this.#connection;
    if (!this.#isBulk) {
      const count = recv(key);
      this.#isBulk = count === SLAB_SIZE;
      if (count > 0) controller.enqueue(slab.slice(0, count));
      return count;
    }
    // Uninitialised memory is fine: what is given away has been filled to the last byte.
    const chunk = (spare ??= new Uint8Array(
      /** @type {ArrayBuffer} */ (Buffer.allocUnsafeSlow(SLAB_SIZE).buffer),
    ));
    const count = recvInto(key, chunk);
    this.#isBulk = count === SLAB_SIZE;
    if (this.#isBulk) {
      spare = undefined;
      controller.enqueue(chunk);
    } else if (count > 0) {
      controller.enqueue(chunk.slice(0, count));
    }
    return count;
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
  }

  /** @param {unknown} error */
  error(error) {
    this.#controller?.error(error);
    this.#controller = undefined;
  }
}

/** @param {Source} source */
function makeReadable(source) {
  return new ReadableStream(source, STRATEGY);
}

exports.Source = Source;
exports.makeReadable = makeReadable;
