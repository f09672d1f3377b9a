/**
 * Deno, by its own API: `Deno.connect()` and `Deno.startTls()`, whose connections have web streams. They give a promise where
 * `connect()` gives a socket, and that is all that is bridged here: once a connection is open, its streams are Deno's.
 */
import { connectWorkloads } from '../workloads/connect-api.mjs';

const { Deno } = /** @type {any} */ (globalThis);

export const version = Deno.version.deno;

export const runtime = `Deno ${version}`;

export const workloads = connectWorkloads(connect);

/** @type {import('../workloads/connect-api.mjs').Connect} */
function connect(address, options) {
  const connecting = connectTcp(address);
  return new Socket(options?.secureTransport === 'on' ? connecting.then(secure) : connecting);
}

/** @param {import('../workloads/connect-api.mjs').Address} address */
async function connectTcp(address) {
  const connection = await Deno.connect(address);
  connection.setNoDelay();
  return connection;
}

/**
 * Not `Deno.connectTls()`, which leaves Nagle's algorithm on and has no switch for it: there, the first message of each
 * connection waits 40 ms for the acknowledgement of the handshake.
 *
 * @param {any} connection
 */
function secure(connection) {
  return Deno.startTls(connection, { hostname: '127.0.0.1' });
}

/** An open connection, or one that is being made. */
class Socket {
  /** @type {any} */
  #connection;

  /** @param {Promise<any>} connecting */
  constructor(connecting) {
    this.opened = connecting.then((connection) => (this.#connection = connection));
  }

  /** @returns {ReadableStream<Uint8Array>} */
  get readable() {
    return (
      this.#connection?.readable ?? { getReader: () => this.#onceOpen((open) => open.readable.getReader()) }
    );
  }

  /** @returns {WritableStream<Uint8Array>} */
  get writable() {
    return (
      this.#connection?.writable ?? { getWriter: () => this.#onceOpen((open) => open.writable.getWriter()) }
    );
  }

  async close() {
    (await this.opened).close();
  }

  startTls() {
    return new Socket(secure(this.#connection));
  }

  /**
   * A reader or writer for those who do not wait for `opened`: its first call does.
   *
   * @param {(connection: any) => any} get
   */
  #onceOpen(get) {
    /** @type {any} */
    let end;
    const call = (/** @type {string} */ method, /** @type {unknown} */ chunk) =>
      end?.[method](chunk) ?? this.opened.then((connection) => (end ??= get(connection))[method](chunk));
    return {
      read: () => call('read', undefined),
      write: (/** @type {unknown} */ chunk) => call('write', chunk),
      releaseLock: () => end.releaseLock(),
    };
  }
}
