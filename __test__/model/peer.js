// The other end of a sequence: it takes what it is sent, compares it with what it should be, and does what it is told.

import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

import { turns } from '../helpers/settle.js';
import { pem } from '../helpers/tls-server.js';

import { incoming, outgoing } from './bytes.js';

const secureContext = tls.createSecureContext({ cert: pem('p256.pem'), key: pem('p256.key') });

/** The first byte of a handshake. */
const HANDSHAKE = 0x16;

/**
 * What the peers of a sequence are to do once the handshake begins, which is after so many bytes of plain text.
 *
 * @typedef {{ after: number, answer: 'answers' | 'garbage' | 'ends' | 'resets' | 'silent' }} Script
 */

/** A listener for one sequence. */
export class Listener {
  /** @type {Peer[]} */
  peers = [];
  #server;

  /** @param {{ script: Script | undefined, onChange: () => void }} owner */
  static async start(owner) {
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    const listener = new Listener(server, owner);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return listener;
  }

  constructor(server, owner) {
    this.#server = server;
    this.port = server.address()?.port;
    server.on('listening', () => (this.port = server.address().port));
    server.on('connection', (raw) => {
      this.peers.push(new Peer(raw, owner));
      owner.onChange();
    });
  }

  /** The end of the connection whose own end is at this port; one that was reset before it was accepted has none. */
  peerOf(port) {
    const find = (wanted) => this.peers.find(({ clientPort }) => clientPort === wanted);
    return find(port) ?? find(undefined);
  }

  async close() {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const peer of this.peers) peer.drop();
    await closed;
  }
}

class Peer {
  /** How many bytes arrived in plain text, and how many by TLS. */
  plain = 0;
  secure = 0;
  /** How many bytes the client was sent in the present leg. */
  sent = 0;
  /** What the client has not read of it. @type {Buffer[]} */
  #unread = [];
  /** How the client ended: `'FIN'`, or the code of an error. @type {string | undefined} */
  end;
  isClosed = false;
  /** The handshake is done. */
  isSecure = false;
  /** What should not have happened. @type {string | undefined} */
  complaint;
  #owner;
  #raw;
  /** The connection, or TLS over it. @type {net.Socket} */
  #stream;
  isEcho = false;
  isStalled = false;
  #takesAll = false;
  #sentOfText = 0;

  constructor(raw, owner) {
    this.#owner = owner;
    this.#raw = raw;
    this.#stream = raw;
    this.clientPort = raw.remotePort;
    raw.on('data', this.#onRaw);
    raw.on('end', () => this.#onEnd(this.#stream === raw ? 'FIN' : 'FIN without close_notify'));
    raw.on('error', ({ code }) => this.#onEnd(code));
    raw.on('close', () => {
      this.isClosed = true;
      this.#onEnd('closed');
    });
    raw.resume();
  }

  // What it is told to do.

  /** Sends so many bytes; resolves when the kernel has them, or does not take them. */
  async send(size) {
    const bytes = incoming(this.#sentOfText, size);
    this.#sentOfText += bytes.length;
    await this.#write(bytes);
  }

  async fin() {
    if (this.#stream.writable) this.#stream.end();
    await turns(2);
  }

  /** Ends the connection below TLS alone. */
  async truncate() {
    if (this.#raw.writable) this.#raw.end();
    await turns(2);
  }

  async reset() {
    // Node loses the descriptor of a connection that is reset while it ends.
    if (this.#raw.writable) this.#raw.resetAndDestroy();
    else this.#raw.destroy();
    await turns(2);
  }

  stall() {
    this.isStalled = true;
    this.#stream.pause();
  }

  goOn() {
    this.isStalled = false;
    this.#stream.resume();
  }

  echo() {
    this.isEcho = true;
  }

  /** Takes the rest, and ends when the client does. */
  windUp() {
    this.isEcho = false;
    this.#takesAll = true;
    this.goOn();
    if (this.end !== undefined) this.#stream.end();
  }

  drop() {
    this.#raw.destroy();
  }

  // What it knows.

  /** Compares what the client has read with what comes next of what was sent. */
  isNext(bytes) {
    for (let at = 0; at < bytes.length;) {
      const first = this.#unread[0];
      if (first === undefined) return false;
      const size = Math.min(first.length, bytes.length - at);
      if (first.compare(bytes, at, at + size, 0, size) !== 0) return false;
      if (size === first.length) this.#unread.shift();
      else this.#unread[0] = first.subarray(size);
      at += size;
    }
    return true;
  }

  #write(bytes) {
    if (!this.#stream.writable) return;
    this.sent += bytes.length;
    this.#unread.push(bytes);
    return new Promise((resolve) => {
      this.#stream.write(bytes, resolve);
      // One that the client does not read never gets so far.
      if (this.#stream.writableLength > 0) setImmediate(resolve);
    });
  }

  /** Whether all it was told to send is with the kernel. */
  get isFlushed() {
    return this.#stream.writableLength === 0;
  }

  #onRaw = (bytes) => {
    const { script } = this.#owner;
    const plain = script === undefined ? bytes : bytes.subarray(0, Math.max(0, script.after - this.plain));
    if (plain.length > 0) this.#onPlain(plain);
    if (plain.length < bytes.length) this.#onHello(bytes.subarray(plain.length), script.answer);
  };

  #onPlain(bytes) {
    this.plain = this.#compare(bytes, this.plain, false);
  }

  #onSecure = (bytes) => {
    this.secure = this.#compare(bytes, this.secure, true);
  };

  #compare(bytes, from, isSecure) {
    const expected = outgoing(isSecure, from, bytes.length);
    if (!expected.equals(bytes)) this.complaint ??= `the bytes that arrive from ${from} on are others`;
    if (this.isEcho) this.#write(bytes);
    this.#owner.onChange();
    return from + bytes.length;
  }

  #onHello(bytes, answer) {
    if (bytes[0] !== HANDSHAKE) this.complaint ??= `a handshake begins with ${bytes[0]}`;
    const raw = this.#raw;
    raw.off('data', this.#onRaw);
    this.#unread = [];
    this.sent = 0;
    if (answer === 'answers') return this.#onClient(bytes);
    // What else comes does not matter.
    raw.resume();
    if (answer === 'garbage') raw.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    else if (answer === 'ends') raw.end();
    else if (answer === 'resets') raw.resetAndDestroy();
  }

  #onClient(bytes) {
    const raw = this.#raw;
    raw.pause();
    raw.unshift(bytes);
    const secure = new tls.TLSSocket(raw, { isServer: true, secureContext });
    this.#stream = secure;
    secure.on('error', ({ code }) => this.#onEnd(code));
    secure.on('end', () => this.#onEnd('FIN'));
    secure.on('data', this.#onSecure);
    if (this.isStalled) secure.pause();
    secure.once('secure', async () => {
      // Node loses the close_notify of an end that comes while it still sends the session tickets.
      await turns(2);
      this.isSecure = true;
      this.#owner.onChange();
    });
  }

  #onEnd(end) {
    this.end ??= end;
    if (this.#takesAll && this.#stream.writable) this.#stream.end();
    this.#owner.onChange();
  }
}
