'use strict';

// A socket as a `stream.Duplex` with the members of `net.Socket`, for the drivers that ask for one.

const { isIPv6 } = require('node:net');
const { Duplex } = require('node:stream');

const { Connection } = require('./connection.js');
const { core } = require('./core.js');
const { describe } = require('./describe.js');
const { SocketError } = require('./errors.js');
const { pieces } = require('./pieces.js');
const { partsOf } = require('./socket.js');
const { clearTimeout, nextTick, setImmediate, setTimeout } = require('./timing.js');
const { isVerified } = require('./tls.js');

/** @import { Socket, SocketDuplex as PublicDuplex, SocketInfo } from '../index.js' */

/** The longest time that timers have; Node cuts longer ones to it as well. */
const LONGEST_TIMEOUT = 2147483647;

/**
 * @param {Socket} socket
 * @returns {PublicDuplex}
 */
function toDuplex(socket) {
  const { readable, writable } = Object(socket);
  if (typeof readable?.getReader !== 'function' || typeof writable?.getWriter !== 'function') {
    throw new SocketError(`toDuplex() takes a socket, as connect() returns it, got ${describe(socket)}`, {
      code: 'ERR_INVALID_ARG_TYPE',
    });
  }
  if (readable.locked || writable.locked) {
    throw new SocketError('toDuplex() takes a socket for itself, but a stream of this one is locked', {
      code: 'ERR_INVALID_STATE',
    });
  }
  return new SocketDuplex(socket);
}

class SocketDuplex extends Duplex {
  #socket;
  #reader;
  #writer;
  /** Known when it is open. @type {SocketInfo | undefined} */
  #info;
  #isOpening = true;
  /** A read was asked for before it is open. */
  #isReadWanted = false;
  /** What is left of the present write, and whom to tell of its end. @type {Sending | undefined} */
  #sending;
  /** The peer has ended a socket that is not half-open: it ends as well, behind what it has been given by then. */
  #isEnding = false;
  #timer = /** @type {NodeJS.Timeout | undefined} */ (undefined);
  #bytesSent = 0;

  bytesRead = 0;
  /** In milliseconds, as in `net.Socket`. */
  timeout = 0;

  /** @param {Socket} socket */
  constructor(socket) {
    super({
      allowHalfOpen: partsOf(socket)?.options.allowHalfOpen ?? false,
      // `close` comes with an argument here.
      emitClose: false,
      // The end of the peer ends a socket that is not half-open: it is not to be seen before what came earlier is consumed.
      readableHighWaterMark: 0,
    });
    this.#socket = socket;
    this.#reader = socket.readable.getReader();
    this.#writer = socket.writable.getWriter();
    settle(
      socket.opened,
      (info) => this.#onOpened(info),
      (error) => this.destroy(error),
    );
  }

  // What has happened, and where it is.

  get connecting() {
    return this.#isOpening && !this.destroyed;
  }

  get pending() {
    return this.#isOpening;
  }

  get readyState() {
    if (this.connecting) return 'opening';
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  get bytesWritten() {
    return this.#bytesSent + this.writableLength;
  }

  get encrypted() {
    return this.#socket.secureTransport === 'on';
  }

  get authorized() {
    return this.encrypted && this.#info !== undefined && isAuthorized(this.#socket);
  }

  get alpnProtocol() {
    if (!this.encrypted || this.#info === undefined) return null;
    return this.#info.alpn ?? false;
  }

  address() {
    return parseEndpoint(this.#info?.localAddress) ?? {};
  }

  get localAddress() {
    return parseEndpoint(this.#info?.localAddress)?.address;
  }

  get localPort() {
    return parseEndpoint(this.#info?.localAddress)?.port;
  }

  get localFamily() {
    return parseEndpoint(this.#info?.localAddress)?.family;
  }

  get remoteAddress() {
    return parseEndpoint(this.#remote)?.address;
  }

  get remotePort() {
    return parseEndpoint(this.#remote)?.port;
  }

  get remoteFamily() {
    return parseEndpoint(this.#remote)?.family;
  }

  get #remote() {
    return this.#info?.resolvedAddress ?? this.#info?.remoteAddress;
  }

  // What can be done about it.

  /**
   * The socket is connecting or connected already: drivers call this on whatever they are given.
   *
   * @param {unknown[]} args As those of `net.Socket`; only a callback means something.
   */
  connect(...args) {
    const callback = /** @type {() => void} */ (args.at(-1));
    if (typeof callback !== 'function') return this;
    if (this.#isOpening) this.once('connect', callback);
    else nextTick(callback);
    return this;
  }

  /**
   * @param {number} milliseconds Without reading or writing; 0 for any.
   * @param {() => void} [callback]
   */
  setTimeout(milliseconds, callback) {
    if (typeof milliseconds !== 'number' || !(milliseconds >= 0)) {
      throw new SocketError(
        `setTimeout() takes a number of milliseconds, 0 or more, got ${describe(milliseconds)}`,
        { code: typeof milliseconds === 'number' ? 'ERR_OUT_OF_RANGE' : 'ERR_INVALID_ARG_TYPE' },
      );
    }
    if (this.destroyed) return this;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.timeout = Math.min(milliseconds, LONGEST_TIMEOUT);
    if (this.timeout > 0) {
      this.#timer = setTimeout(() => this.emit('timeout'), this.timeout).unref();
      if (callback) this.once('timeout', callback);
    } else if (callback) {
      this.off('timeout', callback);
    }
    return this;
  }

  // Sockets send without delay, always, and leave it to the user to find out about silent peers.

  setNoDelay() {
    return this;
  }

  setKeepAlive() {
    return this;
  }

  ref() {
    this.#socket.ref?.();
    return this;
  }

  unref() {
    this.#socket.unref?.();
    return this;
  }

  destroySoon() {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  // What the stream asks for.

  /** @override */
  _read() {
    if (this.#isOpening) this.#isReadWanted = true;
    else this.#receive();
  }

  /**
   * @override
   * @param {Buffer} chunk
   * @param {string} _
   * @param {(error?: Error | null) => void} callback
   */
  _write(chunk, _, callback) {
    this.#send([chunk], callback);
  }

  /**
   * @override
   * @param {{ chunk: Buffer }[]} chunks
   * @param {(error?: Error | null) => void} callback
   */
  _writev(chunks, callback) {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  /**
   * @override
   * @param {(error?: Error | null) => void} callback
   */
  _final(callback) {
    settle(
      this.#writer.close(),
      () => callback(),
      // A socket that ends by itself may be faster. Writes that fail tell so themselves.
      (error) => callback(this.#isEnding ? null : error),
    );
  }

  /**
   * @override
   * @param {Error | null} error
   * @param {(error?: Error | null) => void} callback
   */
  _destroy(error, callback) {
    clearTimeout(this.#timer);
    this.#closeAtOnce(error ?? undefined);
    callback(error);
    if (this.#sending !== undefined) {
      const why = error ?? new SocketError('write failed: destroyed', { code: 'ERR_STREAM_DESTROYED' });
      nextTick(this.#sending.callback, why);
      this.#sending = undefined;
    }
    // As late as that of a `net.Socket`: behind the `error` of this stream, and of TLS on top of it.
    setImmediate(() => this.emit('close', error !== null));
  }

  #receive() {
    settle(
      this.#reader.read(),
      (result) => this.#onRead(result),
      (error) => this.destroy(error),
    );
  }

  // What the socket reports.

  /** @param {SocketInfo} info */
  #onOpened(info) {
    if (this.destroyed) return;
    this.#info = info;
    this.#isOpening = false;
    this.#noteActivity();
    nextTick(() => this.#beginToRead());
    this.emit('connect');
    this.emit('ready');
    if (this.encrypted) this.emit('secureConnect');
  }

  #beginToRead() {
    if (this.destroyed) return;
    if (this.#isReadWanted) this.#receive();
    // Finds out about the end of the peer though nobody may be reading yet.
    else if (!this.isPaused()) this.read(0);
  }

  /** @param {{ value: Uint8Array, done: false } | { value?: unknown, done: true }} result */
  #onRead({ value, done }) {
    if (this.destroyed) return;
    if (done) return this.#onEnd();
    this.bytesRead += value.byteLength;
    this.#noteActivity();
    try {
      this.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    } catch (error) {
      // A listener threw. If the process survives that, reading goes on.
      nextTick(() => this.read(0));
      throw error;
    }
    // A part of a character is all that came: with its mark of 0 the stream would not ask for the rest.
    const isStuck = this.readableEncoding !== null && !this.readableFlowing && this.readableLength === 0;
    if (isStuck) nextTick(() => this.read(0));
  }

  #onEnd() {
    if (!this.allowHalfOpen) {
      this.#isEnding = true;
      this.#sendNext();
      // The stream itself would end at once, and TLS on top of it could not say goodbye.
      Object.assign(this, { allowHalfOpen: true });
      setImmediate(() => this.end());
    }
    this.push(null);
    // So that `end` is emitted also if nobody is reading.
    this.read(0);
  }

  // Sending.

  /**
   * @param {Buffer[]} chunks
   * @param {(error?: Error | null) => void} callback
   */
  #send(chunks, callback) {
    this.#noteActivity();
    const size = chunks.reduce((sum, { length }) => sum + length, 0);
    this.#sending = { pieces: pieces(chunks), size, callback };
    this.#sendNext();
  }

  #sendNext() {
    const sending = this.#sending;
    if (sending === undefined) return;
    for (let next = sending.pieces.next(); !next.done; next = sending.pieces.next()) {
      settle(
        this.#writer.write(next.value),
        () => this.#onSent(sending),
        (error) => this.destroy(error),
      );
      // One after the other, unless the socket is about to end: then it has to be given all of them now.
      if (!this.#isEnding) return;
    }
    this.#sending = undefined;
    this.#bytesSent += sending.size;
    sending.callback();
  }

  /** @param {Sending} sending */
  #onSent(sending) {
    this.#noteActivity();
    if (this.#sending === sending) this.#sendNext();
  }

  // The rest.

  #noteActivity() {
    this.#timer?.refresh();
  }

  /** @param {Error | undefined} reason */
  #closeAtOnce(reason) {
    // What was sent may still be on its way to the peer. Who did not wait for the end need not go on living for it.
    if (!this.writableFinished) this.unref();
    const connection = partsOf(this.#socket)?.connection;
    if (connection === undefined || connection.isPending) {
      this.#writer.abort(reason).catch(ignore);
      this.#socket.close(reason).catch(ignore);
      return;
    }
    // The peer must not take the part for the whole.
    const isTruncated = this.#info !== undefined && this.writableLength > 0;
    if (isTruncated && connection instanceof Connection) core.reset(connection.key);
    connection.giveUp(reason);
  }
}

/** @typedef {{ pieces: Generator<Uint8Array, undefined>, size: number, callback: (error?: Error | null) => void }} Sending */

/**
 * Leaves the promise behind: what a listener throws is an uncaught exception, as with any emitter, and not a rejection.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {(value: T) => void} onValue
 * @param {(error: any) => void} onError
 */
function settle(promise, onValue, onError) {
  promise.then(
    (value) => nextTick(onValue, value),
    (error) => nextTick(onError, error),
  );
}

/**
 * Whether the certificate of the peer was verified. Only of sockets of this package it is known.
 *
 * @param {Socket} socket
 */
function isAuthorized(socket) {
  const parts = partsOf(socket);
  return parts !== undefined && isVerified(parts.settings);
}

/**
 * @param {string | undefined} endpoint `ip:port`
 * @returns {{ address: string, family: 'IPv4' | 'IPv6', port: number } | undefined}
 */
function parseEndpoint(endpoint) {
  if (!endpoint) return undefined;
  const colon = endpoint.lastIndexOf(':');
  const host = endpoint.slice(0, colon);
  const address = host.startsWith('[') ? host.slice(1, -1) : host;
  return { address, family: isIPv6(address) ? 'IPv6' : 'IPv4', port: Number(endpoint.slice(colon + 1)) };
}

function ignore() {}

exports.toDuplex = toDuplex;
