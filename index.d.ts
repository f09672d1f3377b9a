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
   * What was written before goes out first, in plain text. Bytes that came in plain text and were not read by then fail
   * the upgrade: whoever sent them may want them to be taken for the server's.
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
   * How the connection is secured.
   *
   * @default 'off'
   * @throws {SocketError} for anything else than these three.
   */
  secureTransport?: SecureTransportKind | undefined;

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
   * The name to ask the server for, and to find in its certificate. (workerd)
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

  /** The protocols to offer to the server, the preferred one first. (spec) */
  alpn?: readonly string[] | null | undefined;

  /** The same, by Node's name; as bytes, each name stands behind its length. (Node) */
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
   * `'ETIMEDOUT'`. (ours)
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
