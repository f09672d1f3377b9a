// The other end: loopback peers that do what the test says, and nothing else.

import { once } from 'node:events';
import net from 'node:net';

import { connect } from '../../index.js';

/**
 * Starts a listener. Its peers read nothing, send nothing and end nothing unless they are told to. Everything is closed
 * when the test is over.
 *
 * @param {import('node:test').TestContext} t
 * @param {{ host?: string, port?: number, ipv6Only?: boolean }} [options]
 */
export async function listen(t, options = {}) {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
  const listener = new Listener(server, options.host ?? '127.0.0.1');
  t.after(() => listener.close());
  server.listen({ port: 0, ...options, host: listener.host });
  await once(server, 'listening');
  return listener;
}

/** Opens a socket to a listener; it is closed when the test is over. */
export function connectTo(t, listener, options) {
  const socket = connect(listener.address, options);
  t.after(() => socket.close().catch(() => {}));
  return socket;
}

/**
 * An open socket, and its peer.
 *
 * @param {import('node:test').TestContext} t
 * @param {import('winter-sockets').SocketOptions} [options]
 */
export async function pair(t, options) {
  const listener = await listen(t);
  const socket = connectTo(t, listener, options);
  const [peer] = await Promise.all([listener.accept(), socket.opened]);
  return { socket, peer, listener };
}

export class Listener {
  #server;
  #peers = [];
  #accepted = [];
  #waiting = [];

  constructor(server, host) {
    this.#server = server;
    this.host = host;
    server.on('connection', (connection) => {
      const peer = new Peer(connection);
      this.#peers.push(peer);
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#accepted.push(peer);
      else waiting(peer);
    });
  }

  get port() {
    return this.#server.address().port;
  }

  get address() {
    return this.host.includes(':') ? `[${this.host}]:${this.port}` : `${this.host}:${this.port}`;
  }

  /** How many connections there have been. */
  get count() {
    return this.#peers.length;
  }

  /** The next connection. @returns {Promise<Peer>} */
  async accept() {
    return this.#accepted.shift() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Refuses new connections, and drops those that there are. */
  close() {
    for (const peer of this.#peers) peer.raw.destroy();
    if (this.#server.listening) this.#server.close();
  }
}

export class Peer {
  #chunks = [];
  #length = 0;
  #changed = () => {};
  /** How the client ended its side: `'FIN'`, `'RST'`, or the code of another error. @type {string | undefined} */
  #ending;

  /** @param {net.Socket} raw */
  constructor(raw) {
    this.raw = raw;
    this.closed = new Promise((resolve) => raw.once('close', () => resolve(undefined)));
    raw.on('data', (chunk) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.#changed();
    });
    raw.on('end', () => this.#onEnd('FIN'));
    raw.on('error', ({ code }) => this.#onEnd(code === 'ECONNRESET' ? 'RST' : code));
    raw.on('close', () => this.#onEnd('closed'));
  }

  /** The client's port, by which it is told from others. */
  get clientPort() {
    return this.raw.remotePort;
  }

  /** Sends, and resolves when the kernel has taken all of it. */
  send(data) {
    return new Promise((resolve, reject) => {
      this.raw.write(data, (error) => (error ? reject(error) : resolve(undefined)));
    });
  }

  /** Sends FIN, after what was sent before. */
  end() {
    return new Promise((resolve) => this.raw.end(() => resolve(undefined)));
  }

  /** Sends RST. */
  async reset() {
    this.raw.resetAndDestroy();
    await this.closed;
  }

  /**
   * Reads as many bytes, and then no more.
   *
   * @param {number} count
   * @returns {Promise<Buffer>}
   */
  async take(count) {
    while (this.#length < count) {
      if (this.#ending !== undefined) {
        throw new Error(`the client ended with ${this.#ending} after ${this.#length} of ${count} bytes`);
      }
      await this.#more();
    }
    this.raw.pause();
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all.subarray(count)];
    this.#length = all.length - count;
    return all.subarray(0, count);
  }

  /**
   * Reads until the client ends its side.
   *
   * @returns {Promise<{ bytes: Buffer, end: string }>} What was not taken before, and how it ended.
   */
  async rest() {
    while (this.#ending === undefined) await this.#more();
    return { bytes: Buffer.concat(this.#chunks), end: this.#ending };
  }

  /** Like `rest`, as text: `'hello FIN'`. */
  async text() {
    const { bytes, end } = await this.rest();
    return `${bytes} ${end}`;
  }

  /**
   * Whether the client has reset the connection. Unlike `rest` this tells it also when there are unread bytes, after which
   * libuv reports a reset as an ordinary end.
   */
  async wasReset() {
    if (this.#ending === 'RST') return true;
    return this.send('are you there?').then(
      () => false,
      ({ code }) => code === 'ECONNRESET' || code === 'EPIPE',
    );
  }

  /** Sends everything back, and reads only when what was read before has been sent. */
  echo() {
    this.raw.on('end', () => this.raw.end());
    this.raw.pipe(this.raw, { end: false });
  }

  #more() {
    const changed = new Promise((resolve) => (this.#changed = () => resolve(undefined)));
    this.raw.resume();
    return changed;
  }

  #onEnd(end) {
    this.#ending ??= end;
    this.#changed();
  }
}
