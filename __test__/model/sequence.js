// A program on a real socket: it does the steps, watches every promise that comes of them, and asks the model (`leg.js`) about
// each outcome.

import { TLSSocket, connect } from '../../index.js';
import { turns } from '../helpers/settle.js';
import { pem } from '../helpers/tls-server.js';

import { collecting } from './collecting.js';
import { Leg, fates, isError, unsure } from './leg.js';
import { Listener } from './peer.js';
import { Reader } from './reader.js';
import { Watch } from './watch.js';
import { Writer } from './writer.js';

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
  /** What is done to the streams of the present socket. @type {Reader | undefined} */
  reader;
  /** @type {Writer | undefined} */
  writer;

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
    // Those of a former socket stay locked; nobody has to mind.
    this.reader = new Reader(this, leg, socket);
    this.writer = new Writer(this, leg, socket);
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

  get isPeerStalled() {
    return this.listener.peers.some((peer) => peer.isStalled);
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
      (peer === undefined || (!peer.isEcho && (!hasUnread || (!this.reader.hasReads && peer.isFlushed))));
    const fate = !isSure ? unsure(fates[answer]) : hasUnread ? fates.injected : fates[answer];
    leg.isUpgraded = true;
    // A connection that is given up with plain text unread is reset. What was written before is with the peer by then, if its
    // window has room for that, and if it reads it before it fails to send something.
    const isHeard = peer?.isEcho !== true && peer?.isFlushed !== false && leg.offered <= WINDOW;
    if (fate !== fates[answer] && !isHeard) leg.isDisturbed = true;
    this.script = { after: leg.offered, answer: answerOf(answer) };
    peer?.goOn();
    this.#begin(new Leg({ isSecure: true, allowHalfOpen, fate, former: leg }), next);
  }

  /** Nothing can reach the sockets any more. */
  drop() {
    this.watchAll();
    for (const leg of this.legs) leg.isDropped = true;
    this.#sockets = [];
    this.reader = this.writer = undefined;
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

  /** Watches what settles in any way that the leg knows a cause for. */
  watchAny(name, promise) {
    const { leg } = this;
    this.watch(
      name,
      promise,
      () => undefined,
      (error) => leg.other(error),
    );
  }
}

const settingsFor = (answer) => (answer === 'untrusted' ? distrustful : trusting);

const answerOf = (answer) => (answer === 'untrusted' ? 'answers' : answer);

function show(object) {
  return JSON.stringify(object).replaceAll('"', "'");
}
