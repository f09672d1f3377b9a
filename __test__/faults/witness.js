/**
 * Sees what a scenario gets from its sockets: every promise, and every byte that goes in or out. The sockets, streams, readers and
 * writers stay the genuine ones, with members of their own in front of those of their classes.
 */
import { inspect } from 'node:util';

/** @typedef {{ what: string, isSettled: () => boolean, isOperation: boolean }} Watched */

/** Bytes in their order. */
class Bytes {
  /** @type {{ bytes: Buffer, isCertain: boolean }[]} */ #chunks;
  #all = { bytes: Buffer.alloc(0), count: 0 };
  /** Nobody saw all of them. */
  isPartial = false;

  constructor(/** @type {{ bytes: Buffer, isCertain: boolean }[]} */ chunks = []) {
    this.#chunks = chunks;
  }

  /** What is read is certain; what is written is so when the write has resolved. */
  add(/** @type {any} */ chunk, isCertain = true) {
    const added = { bytes: copyOf(chunk), isCertain };
    this.#chunks.push(added);
    return added;
  }

  fork() {
    return new Bytes([...this.#chunks]);
  }

  get all() {
    // Once more only if something was added.
    if (this.#all.count < this.#chunks.length) {
      this.#all = {
        bytes: Buffer.concat(this.#chunks.map(({ bytes }) => bytes)),
        count: this.#chunks.length,
      };
    }
    return this.#all.bytes;
  }

  get certain() {
    return Buffer.concat(this.#chunks.filter(({ isCertain }) => isCertain).map(({ bytes }) => bytes));
  }
}

/** What was seen of one socket. */
export class Seen {
  written = new Bytes();
  /** What was read; behind a `tee()`, by one branch each. */
  reads = [new Bytes()];
  /** The peer ended, rather than anybody on this side. */
  ended = false;
  /** Somebody on this side has put an end to reading. */
  isOver = false;
  /** The writable was closed, and that resolved. */
  closedWell = false;
  /** `startTls()` made this one of it. @type {Seen | undefined} */
  former;

  /**
   * @param {any} socket
   * @param {Seen} [former]
   */
  constructor(socket, former) {
    this.socket = socket;
    this.former = former;
  }

  /** Whether it has been open. */
  get hasOpened() {
    return state(this.socket.opened) === 'fulfilled';
  }

  /** Whether the peer's end was read. */
  get endedWell() {
    return this.ended && this.hasOpened;
  }
}

export class Witness {
  /** @type {Watched[]} */ #watched = [];
  /** @type {Seen[]} */ seen = [];

  /**
   * @param {any} socket
   * @param {Seen} [former]
   */
  socket(socket, former) {
    const seen = new Seen(socket, former);
    this.seen.push(seen);
    /** @type {WeakSet<object>} */ const known = new WeakSet();
    const once = (/** @type {any} */ object, /** @type {(object: any) => void} */ act) => {
      if (!known.has(object)) act(object);
      known.add(object);
      return object;
    };
    getter(socket, 'readable', (value) =>
      once(value, (stream) => this.#readable(stream, seen, seen.reads[0])),
    );
    getter(socket, 'writable', (value) => once(value, (stream) => this.#writable(stream, seen)));
    method(socket, 'startTls', (call) => {
      const next = call();
      seen.isOver = true;
      return this.socket(next, seen);
    });
    method(socket, 'close', (call) => {
      seen.isOver = true;
      return call();
    });
    this.#property(socket, 'opened', 'opened');
    this.#property(socket, 'closed', 'closed');
    return socket;
  }

  /** Closes every socket, those of `startTls()` too. */
  close() {
    for (const { socket } of this.seen) {
      // How it ends is of no interest here: `closed` is looked at with all others.
      socket.close().catch(() => {});
      this.#look('opened', socket.opened);
      this.#look('closed', socket.closed);
    }
  }

  /** Which promises are still pending. */
  get pending() {
    return this.#watched.filter(({ isSettled }) => !isSettled()).map(({ what }) => what);
  }

  /** Which of them stand for something that is under way in the connection. */
  get pendingOperations() {
    const operations = this.#watched.filter(({ isOperation }) => isOperation);
    return operations.filter(({ isSettled }) => !isSettled()).map(({ what }) => what);
  }

  /**
   * @param {ReadableStream} stream
   * @param {Seen} seen
   * @param {Bytes} bytes
   */
  #readable(stream, seen, bytes) {
    const note = (/** @type {any} */ result) => {
      bytes.add(result?.value);
      if (result?.done && !seen.isOver) seen.ended = true;
    };
    const over = () => (seen.isOver = true);
    method(stream, 'getReader', (call) => {
      const reader = call();
      this.#operation(reader, 'read', 'reader.read()', undefined, note);
      this.#operation(reader, 'cancel', 'reader.cancel()', over);
      this.#property(reader, 'closed', 'reader.closed');
      return reader;
    });
    for (const name of /** @type {const} */ (['values', Symbol.asyncIterator])) {
      method(stream, name, (call) => {
        const iterator = call();
        this.#operation(iterator, 'next', 'iterator.next()', undefined, note);
        this.#operation(iterator, 'return', 'iterator.return()', over);
        return iterator;
      });
    }
    method(stream, 'tee', (call) => {
      const branches = call();
      for (const branch of branches) {
        const forked = bytes.fork();
        seen.reads.push(forked);
        this.#readable(branch, seen, forked);
      }
      return branches;
    });
    this.#operation(stream, 'cancel', 'readable.cancel()', over);
    this.#operation(stream, 'pipeTo', 'readable.pipeTo()', () => (bytes.isPartial = true));
    method(stream, 'pipeThrough', (call) => {
      bytes.isPartial = true;
      return call();
    });
  }

  /**
   * @param {WritableStream} stream
   * @param {Seen} seen
   */
  #writable(stream, seen) {
    const closed = () => (seen.closedWell = true);
    method(stream, 'getWriter', (call) => {
      const writer = call();
      method(writer, 'write', (call, [chunk]) => {
        const added = seen.written.add(chunk, false);
        return this.#watch('writer.write()', call(), () => (added.isCertain = true));
      });
      this.#operation(writer, 'close', 'writer.close()', undefined, closed);
      this.#operation(writer, 'abort', 'writer.abort()');
      this.#property(writer, 'closed', 'writer.closed');
      this.#property(writer, 'ready', 'writer.ready');
      return writer;
    });
    this.#operation(stream, 'close', 'writable.close()', undefined, closed);
    this.#operation(stream, 'abort', 'writable.abort()');
    pipes.set(stream, seen.written);
  }

  /**
   * Watches what a method returns. It is for the user to handle.
   *
   * @param {any} object
   * @param {string} name
   * @param {string} what
   * @param {(argument: any) => void} [before]
   * @param {(result: any) => void} [behind]
   */
  #operation(object, name, what, before, behind) {
    method(object, name, (call, [argument]) => {
      before?.(argument);
      return this.#watch(what, call(), behind);
    });
  }

  /**
   * @param {string} what
   * @param {Promise<any>} promise
   * @param {(result: any) => void} [behind]
   */
  #watch(what, promise, behind) {
    let settled = false;
    // A pipe may wait for its other end.
    this.#watched.push({ what, isSettled: () => settled, isOperation: what !== 'readable.pipeTo()' });
    promise.then(
      (result) => {
        settled = true;
        behind?.(result);
      },
      () => (settled = true),
    );
    return promise;
  }

  /**
   * Watches the promise that an object has, which is handled by itself.
   *
   * @param {any} object
   * @param {string} name
   * @param {string} what
   */
  #property(object, name, what) {
    getter(object, name, (promise) => {
      this.#look(what, promise);
      return promise;
    });
  }

  /**
   * @param {string} what
   * @param {Promise<any>} promise
   */
  #look(what, promise) {
    const isSettled = () => state(promise) !== 'pending';
    this.#watched.push({ what, isSettled, isOperation: what === 'opened' });
  }
}

/** Writables that may be piped to, where the bytes go unseen. @type {WeakMap<WritableStream, Bytes>} */
const pipes = new WeakMap();
const { pipeTo, pipeThrough } = ReadableStream.prototype;
Object.assign(ReadableStream.prototype, {
  /** @this {ReadableStream} @param {any[]} args */
  pipeTo(...args) {
    notePipe(args[0]);
    return Reflect.apply(pipeTo, this, args);
  },
  /** @this {ReadableStream} @param {any[]} args */
  pipeThrough(...args) {
    notePipe(args[0]?.writable);
    return Reflect.apply(pipeThrough, this, args);
  },
});

function notePipe(/** @type {any} */ target) {
  const bytes = pipes.get(target);
  if (bytes) bytes.isPartial = true;
}

/**
 * What has become of a promise, without handling its rejection, which `then()` would do.
 *
 * @param {Promise<any>} promise
 */
function state(promise) {
  const text = inspect(promise, { depth: 0 });
  if (text.includes('<pending>')) return 'pending';
  return text.includes('<rejected>') ? 'rejected' : 'fulfilled';
}

/**
 * Puts a method in front of the one that an object has.
 *
 * @param {any} object
 * @param {string | symbol} name
 * @param {(call: () => any, args: any[]) => any} instead
 */
function method(object, name, instead) {
  const original = object[name];
  const value = (/** @type {any[]} */ ...args) => instead(() => Reflect.apply(original, object, args), args);
  Object.defineProperty(object, name, { configurable: true, writable: true, value });
}

/**
 * @param {any} object
 * @param {string} name
 * @param {(value: any) => any} through
 */
function getter(object, name, through) {
  const prototype = Object.getPrototypeOf(object);
  const get = () => through(Reflect.get(prototype, name, object));
  Object.defineProperty(object, name, { configurable: true, get });
}

/** What a chunk is at this moment; nothing if it is none. */
function copyOf(/** @type {any} */ chunk) {
  if (typeof chunk === 'string') return Buffer.from(chunk);
  if (ArrayBuffer.isView(chunk)) {
    return Buffer.from(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }
  if (chunk instanceof ArrayBuffer || chunk instanceof SharedArrayBuffer) {
    return Buffer.from(Buffer.from(/** @type {ArrayBuffer} */ (chunk)));
  }
  return Buffer.alloc(0);
}
