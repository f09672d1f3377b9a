/** One connection that a peer has accepted, in plain text or with TLS, and what has been seen on it. */
import { createHash } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import { identity } from './certificates.js';
import { macrotask } from './harness.js';

/** @typedef {import('./scripts.js').Script} Script */

/** Received data longer than this is reported by its digest. */
const READABLE_TEXT = 200;

export class Connection {
  /** @type {Buffer[]} */ #chunks = [];
  #bytes = 0;
  /** @type {'open' | 'fin' | 'reset'} */ #end = 'open';
  /** @type {Set<() => void>} */ #watchers = new Set();
  #script;
  /** What this side knows about the handshake, when there was one. */
  secured = /** @type {object | undefined} */ (undefined);
  errored = false;
  closed = false;

  /**
   * @param {import('node:net').Socket} raw
   * @param {Script} script
   */
  constructor(raw, script) {
    /** The connection below TLS. */
    this.raw = raw;
    /** What the peer talks through: `raw`, until TLS has begun. */
    this.socket = raw;
    this.#script = script;
    const { remoteAddress, remotePort } = raw;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    raw.setNoDelay(true);
    this.#watch(raw);
    if (script.secure) void this.#secure(script.secure);
    else if (script.upgrades) this.#upgradeBehindLine(script.upgrades);
    else {
      this.#begin();
      this.#greet();
    }
  }

  /** @param {import('node:net').Socket} socket */
  #watch(socket) {
    const { echo, finOnFin } = this.#script;
    socket.on('end', () => {
      if (this.#end === 'open') this.#end = 'fin';
      this.#changed();
      if (echo || finOnFin) this.socket.end();
    });
    // Only ECONNRESET says that the client sent a RST; EPIPE is this side's own late write.
    socket.on('error', () => {
      if (this.#end === 'open') this.#end = 'reset';
      this.errored = true;
      this.#changed();
    });
    socket.on('close', () => {
      this.closed = true;
      this.#changed();
    });
  }

  /** Begins to listen, unless the script says that it waits. */
  #begin() {
    if (this.#script.paused) this.socket.pause();
    else this.#listen(this.#script);
  }

  #greet() {
    const { greeting, finAtOnce } = this.#script;
    if (greeting) this.socket.write(greeting);
    if (finAtOnce) this.socket.end();
  }

  /** @param {Script} script */
  #listen(script) {
    this.socket.on('data', (/** @type {Buffer} */ chunk) => {
      this.#note(chunk);
      if (script.echo) this.socket.write(chunk);
      if (script.resetOnData) this.raw.resetAndDestroy();
    });
  }

  /**
   * Waits for a line of plain text. What comes behind it, be it in the same chunk, belongs to the handshake.
   *
   * @param {string} certificate
   */
  #upgradeBehindLine(certificate) {
    const onData = (/** @type {Buffer} */ chunk) => {
      const end = chunk.indexOf('\n') + 1;
      this.#note(end > 0 ? chunk.subarray(0, end) : chunk);
      if (end === 0) return;
      this.raw.off('data', onData);
      this.raw.pause();
      if (end < chunk.length) this.raw.unshift(chunk.subarray(end));
      void this.#secure(certificate);
    };
    this.raw.on('data', onData);
  }

  /**
   * Waits for a handshake, and goes on with TLS.
   *
   * @param {string} certificate
   */
  async #secure(certificate) {
    const { alpn: ALPNProtocols } = this.#script;
    const secure = new TLSSocket(this.raw, { ...identity(certificate), ALPNProtocols, isServer: true });
    this.socket = secure;
    this.#watch(secure);
    this.#begin();
    await new Promise((resolve) => secure.once('secure', resolve));
    // Node loses the close_notify of an end that comes while it still sends the session tickets.
    for (let turn = 0; turn < 2; turn += 1) await macrotask();
    const { servername, alpnProtocol } = /** @type {any} */ (secure);
    this.secured = { protocol: secure.getProtocol(), sni: servername || null, alpn: alpnProtocol || null };
    this.#greet();
    this.#changed();
  }

  resume() {
    this.#listen({});
    this.socket.resume();
  }

  get report() {
    const all = Buffer.concat(this.#chunks);
    const received =
      all.length <= READABLE_TEXT
        ? all.toString('latin1')
        : { bytes: all.length, sha256: createHash('sha256').update(all).digest('hex') };
    return { received, end: this.#end };
  }

  get bytes() {
    return this.#bytes;
  }

  get hasEnded() {
    return this.#end !== 'open' || this.closed;
  }

  /** Resolves when `condition` holds, which is looked at after every event of this connection. */
  until(/** @type {() => boolean} */ condition) {
    if (condition()) return Promise.resolve();
    return new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
      const watcher = () => {
        if (!condition()) return;
        this.#watchers.delete(watcher);
        resolve();
      };
      this.#watchers.add(watcher);
    });
  }

  /** @param {Buffer} chunk */
  #note(chunk) {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#changed();
  }

  #changed() {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
