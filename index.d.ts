/**
 * The `connect()` sockets API of WinterTC and Cloudflare Workers for Node.js.
 *
 * Where each member comes from is noted as
 * - *spec*: the Sockets API draft, https://sockets-api.proposal.wintertc.org/
 * - *workerd*: the runtime of Cloudflare Workers
 * - *Node*: `node:net` and `node:tls`
 * - *ours*: beyond all of them
 *
 * `ReadableStream` and `WritableStream` are the global types on purpose, not those of `node:stream/web`: they are whatever
 * the project at hand has, be it `@types/node` alone, the DOM library, or `@cloudflare/workers-types`, so that
 * `new Response(socket.readable)` and `pipeThrough(new TextDecoderStream())` type-check in each.
 */

/// <reference lib="esnext.disposable" />

/**
 * Opens a TCP connection.
 *
 * Returns at once, with a socket that is still connecting: its streams can be used already, and `opened` tells when, or
 * that not.
 *
 * @param address Where to connect to.
 * @param options `undefined` and `null` mean the defaults.
 * @throws {SocketError} when the address or an option is not valid. Everything that goes wrong later rejects `opened`.
 * @example
 * const socket = connect('example.com:80');
 * const writer = socket.writable.getWriter();
 * await writer.write('HEAD / HTTP/1.0\r\n\r\n');
 * for await (const chunk of socket.readable) process.stdout.write(chunk);
 * @see spec: https://sockets-api.proposal.wintertc.org/#connect-section
 */
export function connect(address: AnySocketAddress, options?: SocketOptions | null): Socket;

/**
 * A TCP connection, as a pair of streams.
 *
 * An open socket keeps the process alive. It is released by `close()`, by the peer, or when nothing can reach it any more
 * and nothing is under way on it.
 *
 * @see spec: https://sockets-api.proposal.wintertc.org/#socket-class
 */
export class Socket {
  /**
   * The same as `connect(address, options)`. (The spec leaves the constructor to implementations; `@arrowood.dev/socket`
   * has this one.)
   *
   * @throws {SocketError} as `connect()` does.
   */
  constructor(address: AnySocketAddress, options?: SocketOptions | null);

  /**
   * What the peer sends. A byte stream: it has default and BYOB readers, and every chunk owns its whole `ArrayBuffer`.
   * Nothing is read ahead of demand but one chunk, so a slow reader slows the peer down.
   *
   * It closes when the peer ends its side, and errors with a `SocketError` when the connection breaks, with a `code` like
   * `'ECONNRESET'`. (spec)
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>>;

  /**
   * What the peer is sent. A write resolves when its bytes have been taken: what happens to the buffer later does not
   * reach the wire. Strings go as UTF-8, views with their offset and length, `undefined` as nothing; a write of anything
   * else rejects with a `TypeError`. Closing it tells the peer that no more will come, and leaves `readable` open. (spec)
   */
  get writable(): WritableStream<SocketChunk>;

  /**
   * Resolves when the connection stands, with TLS when its handshake is done. Rejects with a `SocketError` when it can't
   * be made, or with the reason given to `close()` if that came first. Never an unhandled rejection by itself. (spec)
   */
  get opened(): Promise<SocketInfo>;

  /**
   * Resolves when the socket is closed: by `close()`, by an upgrade, by the peer once everything was read, or by an error
   * of a connection that stood. Rejects with the error of `opened` when the connection could not be made. Never an
   * unhandled rejection by itself. (spec)
   */
  get closed(): Promise<void>;

  /** Whether `startTls()` has taken the connection over to another socket. (spec) */
  get upgraded(): boolean;

  /** The option this socket was made with; `'on'` for the socket that `startTls()` returns. (spec, workerd) */
  get secureTransport(): SecureTransportKind;

  /**
   * Closes the socket. What was written before is delivered first; then reads end and writes fail. A peer that takes
   * nothing any more for 10 seconds is disconnected instead. Calling it again changes nothing.
   *
   * @param reason What `opened` rejects with if it is pending, and what pending writes fail with.
   * @returns The promise of `closed`.
   * @see spec: https://sockets-api.proposal.wintertc.org/#close-method
   */
  close(reason?: unknown): Promise<void>;

  /**
   * Upgrades a connection made with `secureTransport: 'starttls'` to TLS, and returns the socket that talks through it.
   * This one is done: its streams no longer work, and `closed` resolves.
   *
   * What was written before goes out first, in plain text, also if the new socket is closed before its turn. Bytes that
   * came in plain text and were not read by then fail the upgrade: whoever sent them may want them to be taken for the
   * server's.
   *
   * @param options Where it says nothing, the options of the socket and of its `TLSSocket` hold.
   * @throws {SocketError} when `secureTransport` is not `'starttls'`, when called twice, when the socket is closed, and
   * when an option is not valid.
   * @see spec: https://sockets-api.proposal.wintertc.org/#starttls-method
   */
  startTls(options?: TlsOptions | null): Socket;

  /** Keeps the process alive while the socket is open, which is the default. (Node) */
  ref(): this;

  /** Lets the process end although the socket is open. (Node) */
  unref(): this;

  /** The same as `close()`, for `await using`. (ours) */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Everything that goes wrong: invalid arguments, connections that can't be made, connections that break.
 *
 * It is a `TypeError`, and `name` says so; the message starts with `"SocketError: "`.
 *
 * @see spec: https://sockets-api.proposal.wintertc.org/#socket-error
 */
export class SocketError extends TypeError {
  constructor(message?: string, options?: SocketErrorOptions);

  /** What went wrong, for programs: Node's code where there is one, like `'ECONNREFUSED'` or `'ENOTFOUND'`. (Node) */
  code?: string;

  /** What it comes from: for a failed operation, the error that `node:net` would give, with `errno` and `syscall`. (ours) */
  cause?: unknown;

  /** One error for each address that was tried, when there were several. (Node) */
  errors?: Error[];
}

/** What a `SocketError` is made with, next to its message. */
export interface SocketErrorOptions {
  code?: string | undefined;
  cause?: unknown;
  errors?: Iterable<Error> | undefined;
}

/** An address in either form: `"example.com:443"`, `"[::1]:80"`, or an object. (spec) */
export type AnySocketAddress = string | SocketAddress;

/** An address as an object. (spec) */
export interface SocketAddress {
  /**
   * A name, of at most 255 characters, or an IP address; an IPv6 address with or without brackets. Internationalised
   * names are converted to their ASCII form.
   */
  hostname: string;

  /** From 0 to 65535. Fractions are cut off. */
  port: number;
}

/** What `connect()` can be told. Members that it does not know are ignored. (spec) */
export interface SocketOptions {
  /**
   * How the connection is secured: a `SecureTransportKind`. Its type has room for any string because that of
   * `@cloudflare/workers-types` is `string`, and what was written for one should compile with the other.
   *
   * @default 'off'
   * @throws {SocketError} for anything else than the three kinds.
   */
  secureTransport?: SecureTransportKind | (string & {}) | undefined;

  /**
   * Whether `writable` stays open when the peer ends its side. If not, the peer's end is answered with ours as soon as
   * everything written is sent, and the socket closes. (spec, after Node)
   *
   * @default false
   */
  allowHalfOpen?: boolean | undefined;

  /**
   * The name to ask the server for, and to find in its certificate, in place of the address's. (spec)
   *
   * @default null, which means the hostname of the address
   * @throws {SocketError} when `secureTransport` is `'off'`.
   */
  sni?: string | null | undefined;

  /**
   * The protocols to offer to the server, the preferred one first; each of 1 to 255 bytes. An empty list offers none.
   * The one it picks is `alpn` of `SocketInfo`. (spec)
   *
   * @default []
   * @throws {SocketError} when `secureTransport` is `'off'`.
   */
  alpn?: readonly string[] | null | undefined;

  /**
   * How many bytes `writable` takes before its writer should wait for `ready`. Without it one write is taken at a time.
   * (workerd)
   *
   * @throws {SocketError} when it is negative or not finite.
   */
  highWaterMark?: number | bigint | undefined;
}

/**
 * - `'off'`: plain text.
 * - `'on'`: TLS from the start.
 * - `'starttls'`: plain text until `startTls()` is called.
 */
export type SecureTransportKind = 'off' | 'on' | 'starttls';

/** What can be written to a socket. */
export type SocketChunk = string | ArrayBufferLike | ArrayBufferView | undefined;

/** What is known about a connection that stands. (spec) */
export interface SocketInfo {
  /** The address as it was asked for, `"host:port"`. (spec, as in workerd) */
  readonly remoteAddress: string;

  /** The local end, `"ip:port"`. (spec) */
  readonly localAddress: string;

  /** The protocol that the server picked, or `null` if there is none. (spec) */
  readonly alpn: string | null;

  /** The end that answered, `"ip:port"`. (ours) */
  readonly resolvedAddress: string;
}

/**
 * A binding object: `connect()` with settings of TLS, which are parsed once. Its connections resume each other's sessions
 * when they go to the same name.
 *
 * @example
 * const binding = new TLSSocket({ ca: await readFile('ca.pem') });
 * const socket = binding.connect('localhost:8443');
 * @see spec: https://sockets-api.proposal.wintertc.org/#binding-object
 */
export class TLSSocket {
  /** @throws {SocketError} when an option is not valid, or when a certificate or key can't be read. */
  constructor(options?: TlsOptions | null);

  /**
   * The same as `connect()`, but for `secureTransport`, whose default is `'on'` here; `'off'` throws. The options `sni`
   * and `alpn` replace those of this object.
   */
  connect(address: AnySocketAddress, options?: SocketOptions | null): Socket;
}

/**
 * The settings of TLS, for `startTls()` and `TLSSocket`. They have Node's names, because that is what drivers pass. Other
 * members are ignored, except for `pfx`, `crl` and `checkServerIdentity`, which throw.
 */
export interface TlsOptions {
  /**
   * The name to ask the server for, and to find in its certificate; an empty string means the default. (workerd)
   *
   * @default the hostname of the address; an IP address is looked for in the certificate, and not sent
   */
  expectedServerHostname?: string | undefined;

  /** The same, by Node's name; an empty string means the default. (Node) */
  servername?: string | undefined;

  /** The same, by the spec's name. (spec) */
  sni?: string | null | undefined;

  /** Certificates to trust in place of the default ones, as PEM. A server's own certificate may be one of them. (Node) */
  ca?: PemInput | undefined;

  /** The certificate chain to show to the server if it asks for one, as PEM; in a list, one for each key. (Node) */
  cert?: PemInput | undefined;

  /** The private key of `cert`, as PEM: PKCS #8, PKCS #1 or SEC 1. (Node) */
  key?: KeyInput | undefined;

  /** What the key is encrypted with, if it is. (Node) */
  passphrase?: string | Uint8Array | undefined;

  /**
   * The protocols to offer to the server, the preferred one first: each of 1 to 255 bytes in UTF-8, with up to 32,768 for
   * all. (spec)
   */
  alpn?: readonly string[] | null | undefined;

  /** The same, by Node's name, and also as bytes, which are UTF-8; in one piece, each name stands behind its length. (Node) */
  ALPNProtocols?: readonly (string | Uint8Array)[] | Uint8Array | undefined;

  /**
   * Whether a certificate that can't be verified ends the connection. `false` prints a warning, once. (Node)
   *
   * @default true, unless the environment variable `NODE_TLS_REJECT_UNAUTHORIZED` is `'0'`
   */
  rejectUnauthorized?: boolean | undefined;

  /**
   * Whether the certificates of the operating system are trusted besides those of Mozilla. Without effect next to `ca`.
   * (ours)
   *
   * @default false, unless Node was started with `--use-system-ca`, or `NODE_USE_SYSTEM_CA`, `SSL_CERT_FILE` or
   * `SSL_CERT_DIR` says so
   */
  useSystemCA?: boolean | undefined;

  /** The oldest version to accept. (Node) @default 'TLSv1.2', which is also the oldest there is here */
  minVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' | undefined;

  /** The newest version to accept. (Node) @default 'TLSv1.3' */
  maxVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;

  /**
   * How long connecting and the handshake may take, in milliseconds. After that `opened` rejects with the code
   * `'ETIMEDOUT'`. With `secureTransport: 'starttls'` it is the time for connecting, and then that of `startTls()`, from its
   * call to the end of the handshake, with whatever has to be sent before. (ours)
   *
   * @default undefined, which means as long as it takes
   */
  connectTimeout?: number | undefined;

  /**
   * Whether the secrets of the connections go to the file that the environment variable `SSLKEYLOGFILE` names, for
   * tools that decrypt recorded traffic. (ours)
   *
   * @default false
   */
  keyLog?: boolean | undefined;
}

/** Text of one or more PEM blocks. */
export type PemInput = string | Uint8Array | readonly (string | Uint8Array)[];

/** A private key, or several, each maybe with a passphrase of its own. */
export type KeyInput =
  | string
  | Uint8Array
  | readonly (string | Uint8Array | { pem: string | Uint8Array; passphrase?: string | undefined })[];

// The bridges to Node's streams. The import is `any` in a project that has no types of Node.
// @ts-ignore
import type { Duplex } from 'node:stream';

/**
 * Makes a socket a `Duplex` of `node:stream` with the members of `net.Socket`, for drivers that take one as their stream.
 * (ours)
 *
 * The duplex has the socket for itself from then on: the streams of the socket are locked, and ending or destroying the
 * duplex closes the socket. It goes with the socket's `allowHalfOpen`. Errors are the socket's own, with their `code`; they
 * come as `error` events, and never as unhandled rejections.
 *
 * @param socket May be connecting or open.
 * @throws {SocketError} with code `'ERR_INVALID_ARG_TYPE'` when it is no socket, and `'ERR_INVALID_STATE'` when one of its
 * streams is locked.
 * @example
 * const connection = mysql.createConnection({ user, password, stream: () => toDuplex(connect('db.example.com:3306')) });
 */
export function toDuplex(socket: Socket): SocketDuplex;

/**
 * What `toDuplex()` returns. Beside the events of a `Duplex` it emits
 * - `connect` and then `ready` when the connection stands, with TLS when its handshake is done; always once, never before
 *   the code that called `toDuplex()` has run, also if the socket was open before;
 * - `secureConnect` behind them if the socket uses TLS;
 * - `timeout`, see `setTimeout()`;
 * - `close` when it is over, with `true` if that is due to an error, which has been emitted before.
 *
 * There is no `lookup`, because names are resolved elsewhere, and nothing that only `net.Socket` and `tls.TLSSocket` have
 * and that no driver needed, like `getPeerCertificate()`.
 */
export interface SocketDuplex extends Duplex {
  /** Whether the connection is still being made. False when it is open, and when it was destroyed. (Node) */
  readonly connecting: boolean;

  /** Whether it has not been open yet. (Node) */
  readonly pending: boolean;

  /** (Node) */
  readonly readyState: 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed';

  /** Bytes that came, without those of TLS. (Node) */
  readonly bytesRead: number;

  /** Bytes that were written, without those of TLS, and with those that wait to be sent. (Node) */
  readonly bytesWritten: number;

  /** Whether the socket was made with TLS, or by `startTls()`. (Node) */
  readonly encrypted: boolean;

  /**
   * Whether the certificate of the server was verified. False without TLS, before `secureConnect`, and where verification
   * is turned off, even if the certificate is good. (Node)
   */
  readonly authorized: boolean;

  /** The protocol that the server picked, or `false`; `null` without TLS and before `secureConnect`. (Node) */
  readonly alpnProtocol: string | false | null;

  /** The IP address that answered; `undefined` before `connect`, like the next five. (Node) */
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: 'IPv4' | 'IPv6' | undefined;

  /** The IP address of this end. (Node) */
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly localFamily: 'IPv4' | 'IPv6' | undefined;

  /** This end; an empty object before `connect`. (Node) */
  address(): { address?: string; family?: 'IPv4' | 'IPv6'; port?: number };

  /** What `setTimeout()` was given, in milliseconds. (Node) @default 0 */
  readonly timeout: number;

  /**
   * Emits `timeout` when nothing was read or written for so long, connecting included, and does nothing else: it is for the
   * user to end or destroy the connection. It does not keep the process alive. (Node)
   *
   * @param milliseconds 0 turns it off.
   * @param callback A listener for one `timeout`; with 0, one to remove.
   * @throws {SocketError} with code `'ERR_INVALID_ARG_TYPE'` when it is no number, and `'ERR_OUT_OF_RANGE'` when it is
   * negative.
   */
  setTimeout(milliseconds: number, callback?: () => void): this;

  /** Does nothing: `TCP_NODELAY` is always on, and can't be turned off. (Node) */
  setNoDelay(noDelay?: boolean): this;

  /** Does nothing: there are no keep-alive probes. Use `setTimeout()`, or what the protocol has for it. (Node) */
  setKeepAlive(enable?: boolean, initialDelay?: number): this;

  /**
   * Does not connect, because the socket does that since it was made; for drivers that call it on whatever they are given.
   * (Node)
   *
   * @param args Are ignored, but for a function at the end, which is called when the connection stands.
   */
  connect(...args: unknown[]): this;

  /** Keeps the process alive while it is open, which is the default. (Node) */
  ref(): this;

  /** Lets the process end although it is open. (Node) */
  unref(): this;

  /** Ends it, and destroys it when everything written is sent. (Node) */
  destroySoon(): void;
}

/**
 * Makes a socket of a `Duplex`, for tunnels, proxies, and tests without a network. It behaves like one that `connect()`
 * returns, and is an instance of `Socket`. (ours)
 *
 * The socket has the duplex for itself from then on, and destroys it when it is closed. `ref()` and `unref()` are those of
 * the duplex, if it has them. A duplex that is still connecting, like a `net.Socket` or `tls.TLSSocket`, opens the socket
 * when it is done; any other is open. Its errors become a `SocketError` with their `code` and themselves as `cause`; a
 * duplex that is destroyed without an error gives the code `'ERR_STREAM_PREMATURE_CLOSE'`.
 *
 * Where it differs: the socket is not closed by the garbage collector, and TLS is that of `node:tls`. That verifies as
 * `connect()` does, but a peer that ends without saying so (`ERR_TLS_TRUNCATED`) can't be told from one that does, sessions
 * are not resumed, and the options `useSystemCA` and `keyLog` throw.
 *
 * @param duplex Of bytes, not of objects, and open both ways.
 * @param options `undefined` and `null` mean the defaults.
 * @throws {SocketError} with code `'ERR_INVALID_ARG_TYPE'`, `'ERR_INVALID_ARG_VALUE'` or `'ERR_INVALID_STATE'` when it is no
 * such duplex, or when an option is not valid.
 * @example
 * const request = http.request({ host: 'proxy', port: 3128, method: 'CONNECT', path: 'db.example.com:5432' }).end();
 * const [, tunnel] = await once(request, 'connect');
 * const socket = fromDuplex(tunnel, { address: 'db.example.com:5432', secureTransport: 'starttls' });
 */
export function fromDuplex(duplex: Duplex, options?: FromDuplexOptions | null): Socket;

/** What `fromDuplex()` can be told. (ours) */
export interface FromDuplexOptions extends SocketOptions {
  /**
   * Where the duplex leads to, in the forms of `connect()`: for messages, for `remoteAddress` of `SocketInfo`, and the name
   * that TLS verifies.
   *
   * @default null: the address of the duplex if it has one, else an empty string; TLS needs a name by an option of its own
   */
  address?: AnySocketAddress | null | undefined;
}
