// The steps of programs: how often they come, and when they make sense.

import fc from 'fast-check';

import { MOST } from './bytes.js';
import { forms } from './writer.js';

/** @import { Sequence } from './sequence.js' */

const KiB = 1024;
const MiB = KiB * KiB;

/** How a handshake goes; mostly well. */
export const anyAnswer = () =>
  fc.oneof(
    { arbitrary: fc.constant('answers'), weight: 7 },
    { arbitrary: fc.constantFrom('garbage', 'ends', 'resets', 'silent', 'untrusted'), weight: 3 },
  );

/** A step, as fast-check has them. It does nothing once something is wrong. */
class Step {
  /**
   * @param {string} line
   * @param {(sequence: Sequence) => void | Promise<void>} does
   * @param {(sequence: Sequence) => boolean} makesSense
   */
  constructor(line, does, makesSense) {
    this.line = line;
    this.does = does;
    this.makesSense = makesSense;
  }

  check(sequence) {
    return sequence.complaint === undefined && this.makesSense(sequence);
  }

  async run(sequence) {
    sequence.note(this.line);
    await this.does(sequence);
    sequence.leg.noteSending(sequence.peer?.isEcho === true);
  }

  toString() {
    return this.line;
  }
}

/** Steps by how often they come; what ends things is rare, so that programs live for a while. */
export function anyStep() {
  const none = fc.constant(undefined);
  const bytes = fc.constantFrom(1, 100, 5000, 65_536);
  const forWrite = fc.record({
    form: fc.constantFrom(...forms),
    size: fc.oneof(
      { arbitrary: fc.constantFrom(0, 1, 100, 5000, 20_000), weight: 900 },
      { arbitrary: fc.constant(64 * KiB), weight: 90 },
      // More than the kernel takes from a peer that stalls. It is rare, since the kernel's memory is limited.
      { arbitrary: fc.constant(6 * MiB), weight: 1 },
    ),
  });
  return fc.oneof(
    // Writing.
    step(
      24,
      forWrite,
      ({ form, size }) => `write(${size} bytes as ${form})`,
      (on, { form, size }) => on.writer.write(form, size),
      hasRoom,
    ),
    step(1, none, 'write(nonsense)', (on) => on.writer.writeNonsense()),
    step(3, none, 'ready', (on) => on.writer.ready()),
    step(2, none, 'writer.close()', (on) => on.writer.close()),
    step(1, none, 'writer.abort()', (on) => on.writer.abort()),
    step(
      3,
      none,
      'writer.releaseLock()',
      (on) => on.writer.release(),
      (on) => isHeld(on) && on.writer.isHeld,
    ),

    // Reading.
    step(
      16,
      none,
      'read()',
      (on) => on.reader.read(),
      (on) => isHeld(on) && on.reader.mode !== 'byob',
    ),
    step(
      8,
      bytes,
      (room) => `read(${room} bytes)`,
      (on, room) => on.reader.read(room),
      (on) => isHeld(on) && on.reader.mode !== 'default',
    ),
    step(
      5,
      none,
      'reader.releaseLock()',
      (on) => on.reader.release(),
      (on) => isHeld(on) && on.reader.mode !== undefined,
    ),
    step(1, none, 'reader.cancel()', (on) => on.reader.cancel()),

    // The socket.
    step(1, none, 'close()', (on) => on.close(false)),
    step(1, none, 'close(reason)', (on) => on.close(true)),
    step(
      3,
      anyAnswer(),
      (answer) => `startTls(), and the peer: ${answer}`,
      (on, answer) => on.startTls(answer),
      (on) => isHeld(on) && mayStartTls(on),
    ),
    step(1, none, 'drop everything', (on) => on.drop()),

    // Pauses.
    step(
      8,
      fc.constantFrom(1, 2, 10),
      (count) => `${count} turns`,
      (on, count) => on.turns(count),
    ),
    step(4, none, 'await opened', (on) => on.opened()),
    step(
      3,
      none,
      'await writes',
      (on) => on.writesDone(),
      (on) => isHeld(on) && !on.isPeerStalled,
    ),

    // The peer.
    peerStep(
      14,
      bytes,
      (size) => `peer sends ${size} bytes`,
      (peer, leg, size) => {
        leg.noteSending(true);
        return peer.send(size);
      },
    ),
    peerStep(
      1,
      fc.constant(300 * KiB),
      (size) => `peer sends ${size} bytes`,
      (peer, leg, size) => {
        leg.noteSending(true);
        return peer.send(size);
      },
    ),
    peerStep(2, none, 'peer sends FIN', (peer, leg) => {
      leg.hasPeerEnded = true;
      return peer.fin();
    }),
    peerStep(
      1,
      none,
      'peer sends FIN below TLS',
      (peer, leg) => {
        leg.hasPeerTruncated = true;
        return peer.truncate();
      },
      (on) => on.leg.isSecure,
    ),
    peerStep(1, none, 'peer sends RST', (peer, leg) => {
      leg.hasPeerReset = true;
      return peer.reset();
    }),
    peerStep(2, none, 'peer stalls', (peer) => peer.stall()),
    peerStep(3, none, 'peer goes on', (peer) => peer.goOn()),
    peerStep(1, none, 'peer echoes', (peer) => peer.echo()),
  );
}

function step(weight, arbitrary, line, does, makesSense = isHeld) {
  const make = (value) =>
    new Step(
      typeof line === 'string' ? line : line(value),
      (on) => does(on, value),
      (on) => makesSense(on, value),
    );
  return { weight, arbitrary: arbitrary.map(make) };
}

/** Something that the peer does, once the connection stands. */
function peerStep(weight, arbitrary, line, does, makesSense = () => true) {
  const act = (on, value) => on.withPeer((peer, leg) => does(peer, leg, value));
  return step(weight, arbitrary, line, act, (on) => isHeld(on) && makesSense(on));
}

const isHeld = (on) => !on.isDropped;

const hasRoom = (on, { size }) => isHeld(on) && on.leg.offered + size <= MOST / 2;

/** Mostly it makes no sense, and throws: that has to be seen now and then only. */
const mayStartTls = ({ connection, leg, log }) =>
  connection.secureTransport === 'starttls'
    ? // The peer begins behind what was written, and an abort may have dropped some of that.
      !leg.isAborted && !leg.isSpoilt
    : log.length % 16 === 0;
