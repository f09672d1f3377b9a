// A program on a real socket: it does the steps, watches every promise that comes of them, and asks the model (`leg.js`) about
// each outcome.

import { SocketError, TLSSocket, connect } from '../../index.js';
import { turns } from '../helpers/settle.js';
import { pem } from '../helpers/tls-server.js';

import { outgoing } from './bytes.js';
import { collecting } from './collecting.js';
import { Leg, fates, isError, unsure } from './leg.js';
import { Listener } from './peer.js';
import { Watch } from './watch.js';

const trusting = { ca: pem('root.pem') };
const distrustful = { ca: pem('self-signed-ca.pem') };
const bindings = new Map([trusting, distrustful].map((tls) => [tls, new TLSSocket(tls)]));

/** Nobody listens there, and no connection begins there either. */
const REFUSED = 1;

/** So many bytes the kernel of a peer that stalls takes for certain. */
const WINDOW = 32_768;

/**
 * After so many milliseconds something does not happen any more. It is less than the 10 s after which the package itself gives
 * up a close: none of the sequences has a peer that makes this necessary.
 */
export const DEADLINE = 8000;

/**
 * @typedef {object} Connection
 * @property {'off' | 'starttls' | 'on'} secureTransport
 * @property {'127.0.0.1' | 'localhost'} hostname
 * @property {boolean} isRefused
 * @property {keyof typeof fates} answer What the handshake meets, with `secureTransport: 'on'`.
 * @property {boolean} allowHalfOpen
 * @property {number | undefined} highWaterMark
 * @property {boolean} isWatched Whether `opened` and `closed` are watched from the start, or looked at in the end only.
 */

export class Sequence extends Watch {
  /** For the peers. @type {import('./peer.js').Script | undefined} */
  script;
  /** The event loop has not gone round since the connect began. */
  isFirstTurn = true;
  /** @type {Leg[]} */
  legs = [];
  /** None when they were dropped. */
  #sockets = [];
  #reader;
  #writer;

  /**
   * @param {Connection} connection
   * @param {number} deadline
   */
  static async start(connection, deadline) {
    const sequence = new Sequence(connection, deadline);
    sequence.listener = await Listener.start(sequence);
    sequence.#connect();
    return sequence;
  }

  constructor(connection, deadline) {
    super(deadline);
    this.connection = connection;
  }

  #connect() {
    const { secureTransport, hostname, isRefused, answer, allowHalfOpen, highWaterMark } = this.connection;
    const isSecure = secureTransport === 'on';
    if (isSecure) this.script = { after: 0, answer: answerOf(answer) };
    const fate = isRefused ? fates.refused : isSecure ? fates[answer] : fates.opens;
    const leg = new Leg({ isSecure, allowHalfOpen, fate });
    const address = `${hostname}:${isRefused ? REFUSED : this.listener.port}`;
    const options = { allowHalfOpen, highWaterMark };
    this.log.push(
      `connect('${hostname}:${isRefused ? 'refused' : 'port'}', ${show({ secureTransport, ...options })})`,
    );
    if (isSecure && !isRefused) this.log.push(`the peer ${answer}`);
    const socket = isSecure
      ? bindings.get(settingsFor(answer)).connect(address, options)
      : connect(address, { ...options, secureTransport });
    this.#begin(leg, socket);
  }

  #begin(leg, socket) {
    this.legs.push(leg);
    this.#sockets.push(socket);
    leg.watch = () => this.#watchPromises(leg, socket);
    if (this.connection.isWatched) this.watchAll();
  }

  /** What looks at an outcome must not hold the socket: nothing else may be what keeps it from being collected. */
  #watchPromises(leg, { opened, closed }) {
    this.watch(
      'opened',
      opened,
      (info) => this.#onOpened(leg, info),
      (error) => leg.opened(error, true),
    );
    this.watch(
      'closed',
      closed,
      () => {
        // Writes that were done in this turn tell so by then.
        setImmediate(() => leg.isUnsent && this.complain('closed resolves before what was written is sent'));
        return leg.closed(undefined, false);
      },
      (error) => leg.closed(error, true),
    );
  }

  /** Begins to watch `opened` and `closed`, if it does not yet. */
  watchAll() {
    for (const leg of this.legs) {
      leg.watch?.();
      leg.watch = undefined;
    }
  }

  #onOpened(leg, info) {
    const complaint = leg.opened(undefined, false);
    leg.clientPort = Number(info.localAddress.split(':').at(-1));
    if (complaint !== undefined) return complaint;
    const { remoteAddress, resolvedAddress } = info;
    if (remoteAddress !== `${this.connection.hostname}:${this.listener.port}`)
      return `remoteAddress is ${remoteAddress}`;
    if (!resolvedAddress.endsWith(`:${this.listener.port}`)) return `resolvedAddress is ${resolvedAddress}`;
    if (info.alpn !== null) return `alpn is ${info.alpn}`;
  }

  // The steps.

  get leg() {
    return this.legs.at(-1);
  }

  get isDropped() {
    return this.#sockets.length === 0;
  }

  get #socket() {
    return this.#sockets.at(-1);
  }

  /** The peer, once the connection stands. */
  get peer() {
    const { clientPort } = this.legs.find((leg) => leg.clientPort !== undefined) ?? {};
    return clientPort === undefined ? undefined : this.listener.peerOf(clientPort);
  }

  /** The peers that can't be those of strangers, who try ports on this machine. */
  get ownPeers() {
    const { peer } = this;
    const isSure = peer !== undefined && this.connection.hostname === '127.0.0.1';
    return isSure ? [peer] : this.listener.peers;
  }

  note(line) {
    this.log.push(line);
    this.count(line.replace(/\(.*|[\d.]+ ?(KiB|MiB|bytes)?/, ''));
  }

  write(form, size) {
    const writer = this.#getWriter();
    const write = this.leg.startWrite(size);
    const { leg } = this;
    const from = write.isLate ? 0 : leg.offered - size;
    const chunk = chunks[form](outgoing(leg.isSecure, from, size));
    this.watch(
      'write',
      attempt(() => writer.write(chunk)),
      () => {
        // What the caller does to its memory from now on is no business of the socket.
        if (ArrayBuffer.isView(chunk))
          new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength).fill(0xff);
        return leg.wrote(write);
      },
      (error) => leg.writeFailed(write, error),
    );
  }

  writeNonsense() {
    const { leg } = this;
    const writer = this.#getWriter();
    leg.spoil();
    const reject = (error) => {
      // The write came too late to be looked at. (Such an error must not be kept: its cause has a stack, too.)
      if (!(error instanceof TypeError) || error instanceof SocketError) return leg.other(error);
      leg.reasons.push(error);
      // An error holds what its stack passed through until somebody reads it.
      void error.stack;
    };
    this.watch(
      'write of nonsense',
      attempt(() => writer.write(5)),
      () => 'a write of nonsense resolves',
      reject,
    );
  }

  ready() {
    this.#watchAny('ready', this.#getWriter().ready);
  }

  closeWriter() {
    const writer = this.#getWriter();
    const { leg } = this;
    if (!leg.isWriteOver) leg.isFinished = true;
    const onValue = () => void (leg.hasFinished = true);
    this.watch(
      'writer.close',
      attempt(() => writer.close()),
      onValue,
      (error) => leg.other(error),
    );
  }

  abortWriter() {
    const writer = this.#getWriter();
    const reason = new Error('the reason of the abort');
    this.leg.abort(reason);
    this.#watchAny(
      'writer.abort',
      attempt(() => writer.abort(reason)),
    );
  }

  get isPeerStalled() {
    return this.listener.peers.some((peer) => peer.isStalled);
  }

  get hasWriter() {
    return this.#writer !== undefined;
  }

  releaseWriter() {
    this.leg.isReleased = true;
    this.#writer.releaseLock();
    this.#writer = undefined;
  }

  get readMode() {
    return this.#reader?.mode;
  }

  read(room = Infinity) {
    const { leg } = this;
    const reader = this.#getReader(room === Infinity ? 'default' : 'byob');
    const owner = this.#reader;
    const read = { room, isLate: leg.isEndedHere };
    leg.reads++;
    owner.reads++;
    const promise = room === Infinity ? reader.read() : reader.read(new Uint8Array(room));
    this.watch(
      'read',
      promise,
      ({ done, value }) => {
        owner.reads--;
        if (!done) return leg.readBytes(value, this.peer?.isNext(value) === true, read);
        return leg.readEnd(this.peer?.sent ?? 0);
      },
      (error) => {
        owner.reads--;
        return leg.readFailed(error, owner.isReleased);
      },
    );
  }

  get hasReads() {
    return this.#reader?.reads > 0;
  }

  async releaseReader() {
    // A turn later, because what the Streams standard has for a reader that is released in the tick of its read into a
    // buffer leaves the next reader without its bytes.
    if (this.#reader.mode === 'byob') await this.turns(1);
    this.#reader.isReleased = true;
    this.leg.mayStillRead ||= this.hasReads;
    this.leg.isReleased = true;
    this.#reader.reader.releaseLock();
    this.#reader = undefined;
  }

  cancel() {
    const reader = this.#getReader(this.readMode ?? 'default');
    this.leg.isCancelled = true;
    this.#watchAny('reader.cancel', reader.cancel(new Error('the reason of the cancel')));
  }

  close(hasReason) {
    const reason = hasReason ? new RangeError('the reason of the close') : undefined;
    this.leg.close(reason, this.isFirstTurn);
    const socket = this.#socket;
    if (socket.close(reason) !== socket.closed) this.complain('close() is not closed');
  }

  startTls(answer) {
    const { leg, peer } = this;
    const { secureTransport, allowHalfOpen } = this.connection;
    const mustThrow = leg.isSecure || secureTransport !== 'starttls' || leg.closing !== undefined;
    let next;
    try {
      next = this.#socket.startTls(settingsFor(answer));
    } catch (error) {
      if (!isError(error, ['ERR_INVALID_STATE'])) this.complain('startTls() throws something else', error);
      else if (!mustThrow && !leg.mayBeLost) this.complain('startTls() throws without a cause', error);
      return;
    }
    if (mustThrow) return this.complain('startTls() does not throw');
    const hasUnread = peer !== undefined && peer.sent > leg.received;
    const isSure =
      !leg.mayBeLost &&
      (peer === undefined || (!peer.isEcho && (!hasUnread || (!this.hasReads && peer.isFlushed))));
    const fate = !isSure ? unsure(fates[answer]) : hasUnread ? fates.injected : fates[answer];
    leg.isUpgraded = true;
    // A connection that is given up with plain text unread is reset. What was written before is with the peer by then, if its
    // window has room for that, and if it reads it before it fails to send something.
    const isHeard = peer?.isEcho !== true && peer?.isFlushed !== false && leg.offered <= WINDOW;
    if (fate !== fates[answer] && !isHeard) leg.isDisturbed = true;
    this.script = { after: leg.offered, answer: answerOf(answer) };
    peer?.goOn();
    // The old ones stay locked; nobody has to mind.
    this.#reader = this.#writer = undefined;
    this.#begin(new Leg({ isSecure: true, allowHalfOpen, fate, former: leg }), next);
  }

  /** Nothing can reach the sockets any more. */
  drop() {
    this.watchAll();
    for (const leg of this.legs) leg.isDropped = true;
    this.#sockets = [];
    this.#reader = this.#writer = undefined;
  }

  async turns(count) {
    this.isFirstTurn = false;
    await turns(count);
  }

  /** Waits until it is open, or has failed. */
  async opened() {
    this.watchAll();
    this.isFirstTurn = false;
    const { leg } = this;
    if (leg.mustOpen) await this.until('opened settles', () => leg.isOpen || leg.failure !== undefined);
  }

  /** Waits for the peer; there is none when the connect failed. */
  async withPeer(then) {
    await this.opened();
    const { leg } = this;
    if (leg.isOpen)
      await this.until(
        'the peer is there',
        () => this.peer !== undefined && (!leg.isSecure || this.peer.isSecure || this.peer.isClosed),
      );
    const { peer } = this;
    if (leg.isOpen && peer !== undefined) await then(peer, leg);
  }

  /** Waits for the writes, unless the peer has to do something first. */
  async writesDone() {
    await this.opened();
    if (this.leg.isOpen) await this.until('writes are taken', () => !this.isPending('write'));
  }

  // What can be waited for.

  /** Whether anything is pending that should not be. */
  get isSettled() {
    // What was read for a reader that was released first has to be read before the stream is at its end.
    const mayBeFull = this.legs.some(({ mayStillRead }) => mayStillRead);
    return this.pending.every(({ name }) => mayBeFull && name === 'reader.closed');
  }

  /** How many bytes have arrived, on either side. @override @returns {[number, string]} */
  get progress() {
    const { leg, peer } = this;
    if (peer === undefined) return [0, 'there is no peer'];
    const { plain, secure, sent, end } = peer;
    const words = `wrote ${leg.written} of ${leg.offered}, read ${leg.received} of ${sent}; the peer got ${plain} and by TLS ${secure}, and saw ${end}`;
    return [plain + secure + leg.received, words];
  }

  /** Collects garbage until then. */
  async collectUntil(what, condition) {
    await collecting(() => this.until(what, condition));
  }

  #getWriter() {
    if (this.#writer === undefined) {
      this.#writer = this.#socket.writable.getWriter();
      this.#watchAny('writer.closed', this.#writer.closed);
    }
    return this.#writer;
  }

  #getReader(mode) {
    if (this.#reader === undefined) {
      const { readable } = this.#socket;
      const reader = mode === 'byob' ? readable.getReader({ mode }) : readable.getReader();
      this.#reader = { mode, reader, reads: 0, isReleased: false };
      this.#watchAny('reader.closed', reader.closed);
    }
    return this.#reader.reader;
  }

  #watchAny(name, promise) {
    const { leg } = this;
    this.watch(
      name,
      promise,
      () => undefined,
      (error) => leg.other(error),
    );
  }
}

/** The forms in which the same bytes can be written; each has memory of its own. */
const chunks = {
  bytes: (bytes) => new Uint8Array(bytes),
  text: (bytes) => bytes.latin1Slice(),
  ArrayBuffer: (bytes) => new Uint8Array(bytes).buffer,
  DataView(bytes) {
    const wider = new Uint8Array(bytes.length + 2).fill(1);
    wider.set(bytes, 1);
    return new DataView(wider.buffer, 1, bytes.length);
  },
  Buffer: (bytes) => Buffer.from(bytes),
};

export const forms = Object.keys(chunks);

const settingsFor = (answer) => (answer === 'untrusted' ? distrustful : trusting);

const answerOf = (answer) => (answer === 'untrusted' ? 'answers' : answer);

/** Rejects also where the call throws. */
async function attempt(call) {
  return call();
}

function show(object) {
  return JSON.stringify(object).replaceAll('"', "'");
}
