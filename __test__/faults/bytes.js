/** Whether the bytes that came out of a connection are those that went in. */
import { createHash } from 'node:crypto';
import { pattern } from '../conformance/harness.js';

/** @typedef {import('./witness.js').Seen} Seen */
/** @typedef {{ command: string, argument: any }} Command What a peer was told. */
/** @typedef {{ received: string | { bytes: number, sha256: string }, end: string }} Report What a peer saw. */

/**
 * @typedef {object} Played
 * @property {Seen[]} sockets
 * @property {import('../conformance/scripts.js').Script} peer
 * @property {Command[]} commands
 * @property {Report[]} reports
 * @property {import('./proxy.js').Fault} fault
 */

/** @param {Played} played */
export function compareBytes(played) {
  /** @type {string[]} */ const problems = [];
  /** Each socket with all that led to it, the last ones of their connections. */
  const connections = played.sockets
    .filter((socket) => !played.sockets.some(({ former }) => former === socket))
    .map((last) => (last.former ? [last.former, last] : [last]));
  let isCompared = false;
  for (const connection of connections) {
    const text = received(connection, played, connections.length === 1);
    if (text) problems.push(text);
    isCompared ||= connection.some(({ reads }) => reads.some(({ all }) => all.length > 0));
  }
  for (const report of played.reports) {
    const text = arrived(report, connections, played);
    if (text) problems.push(text);
    isCompared ||= report.received !== '';
  }
  return { problems, isCompared };
}

/**
 * What the scenario read, against what the peer was to send.
 *
 * @param {Seen[]} connection
 * @param {Played} played
 * @param {boolean} isOnly There is no other connection that the peer's commands may have been for.
 */
function received(connection, { peer, commands, fault }, isOnly) {
  const [last, former] = connection.toReversed();
  // Where there is an upgrade, an echo begins behind it.
  const isEcho = peer.echo && (!peer.upgrades || isSecure(last));
  const sent = isEcho ? last.written.all : sentBy(peer, commands);
  const isSentKnown = !isEcho || !last.written.isPartial;
  for (const read of last.reads) {
    const all = former && !isEcho ? Buffer.concat([former.reads[0].all, read.all]) : read.all;
    if (isSentKnown && !isPrefix(all, sent))
      return `read ${shown(all)}, which is no prefix of ${shown(sent)}`;
    if (!isOnly || !last.endedWell || last.reads.length > 1) continue;
    // In plain text a FIN may come too early, and nobody can know. With TLS it shows, unless it was the peer that got it.
    const isTold = fault.faithful || (isSecure(last) && !fault.toPeer);
    const least = isEcho ? last.written.certain : sent;
    const isKnown = !read.isPartial && !former?.reads[0].isPartial && isSentKnown;
    if (isTold && isKnown && all.length < least.length)
      return `read ${shown(all)} and the end, of ${shown(least)}`;
  }
  return undefined;
}

/**
 * What the peer received, against what the scenario wrote.
 *
 * @param {Report} report
 * @param {Seen[][]} connections
 * @param {Played} played
 */
function arrived({ received: got, end }, connections, { peer, fault }) {
  const known = connections.filter((sockets) => sockets.every((socket) => isKnown(socket, peer)));
  if (known.length < connections.length) return undefined;
  const candidates = connections.flatMap((sockets) => {
    const [last, former] = sockets.toReversed();
    const certain = Buffer.concat([former?.written.certain ?? Buffer.alloc(0), last.written.certain]);
    // Writes to the former socket may have come too late, or may have been broken off.
    return [former?.written.certain, former?.written.all].map((before = Buffer.alloc(0)) => ({
      written: Buffer.concat([before, last.written.all]),
      least: last.closedWell && fault.faithful && connections.length === 1 ? certain.length : 0,
    }));
  });
  const text = typeof got === 'string' ? JSON.stringify(got) : `${got.bytes} bytes`;
  // Somebody else on this machine who tries ports.
  if (candidates.length === 0 && text === '""') return undefined;
  const source = candidates.find(({ written }) => isReported(got, written));
  if (!source)
    return `the peer got ${text}, which is no prefix of ${candidates.map(({ written }) => shown(written))}`;
  const length = typeof got === 'string' ? got.length : got.bytes;
  if (end === 'fin' && length < source.least)
    return `the peer got ${text} and FIN, of ${shown(source.written)}`;
  return undefined;
}

/**
 * Whether what the peer received can be compared: all writes were seen, and the peer did not see TLS as if it were text.
 *
 * @param {Seen} seen
 * @param {import('../conformance/scripts.js').Script} peer
 */
function isKnown(seen, peer) {
  return !seen.written.isPartial && Boolean(!isSecure(seen) || peer.secure || peer.upgrades);
}

/** Whether it speaks TLS. */
const isSecure = (/** @type {Seen} */ { socket, former }) =>
  socket.secureTransport === 'on' || former !== undefined;

/**
 * @param {import('../conformance/scripts.js').Script} peer
 * @param {Command[]} commands
 */
function sentBy({ greeting = '' }, commands) {
  const pieces = commands.map(({ command, argument }) => {
    if (command === 'send') return Buffer.from(argument, 'latin1');
    if (command === 'send bytes') return Buffer.from(pattern(argument));
    // The question whether the client still holds its descriptor.
    return Buffer.alloc(command === 'refused' ? 50 : 0, 'x');
  });
  return Buffer.concat([Buffer.from(greeting), ...pieces]);
}

/**
 * @param {Report['received']} received
 * @param {Buffer} written
 */
function isReported(received, written) {
  if (typeof received === 'string') return isPrefix(Buffer.from(received, 'latin1'), written);
  const digest = createHash('sha256').update(written.subarray(0, received.bytes)).digest('hex');
  return written.length >= received.bytes && digest === received.sha256;
}

/**
 * @param {Buffer} part
 * @param {Buffer} whole
 */
const isPrefix = (part, whole) => part.equals(whole.subarray(0, part.length));

const shown = (/** @type {Buffer} */ bytes) =>
  bytes.length <= 60 ? JSON.stringify(bytes.toString('latin1')) : `${bytes.length} bytes`;
