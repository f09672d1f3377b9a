// The steps of the writer of a socket.

import { SocketError } from '../../index.js';

import { outgoing } from './bytes.js';

/** @import { Leg } from './leg.js' */
/** @import { Sequence } from './sequence.js' */

/** What a program does with `writable`. */
export class Writer {
  #sequence;
  #leg;
  #socket;
  #writer;

  /**
   * @param {Sequence} sequence
   * @param {Leg} leg
   * @param {import('../../index.js').Socket} socket
   */
  constructor(sequence, leg, socket) {
    this.#sequence = sequence;
    this.#leg = leg;
    this.#socket = socket;
  }

  write(form, size) {
    const leg = this.#leg;
    const writer = this.#get();
    const write = leg.startWrite(size);
    const from = write.isLate ? 0 : leg.offered - size;
    const chunk = chunks[form](outgoing(leg.isSecure, from, size));
    this.#sequence.watch(
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
    const leg = this.#leg;
    const writer = this.#get();
    leg.spoil();
    const reject = (error) => {
      // The write came too late to be looked at. (Such an error must not be kept: its cause has a stack, too.)
      if (!(error instanceof TypeError) || error instanceof SocketError) return leg.other(error);
      leg.reasons.push(keepable(error));
    };
    this.#sequence.watch(
      'write of nonsense',
      attempt(() => writer.write(5)),
      () => 'a write of nonsense resolves',
      reject,
    );
  }

  ready() {
    this.#sequence.watchAny('ready', this.#get().ready);
  }

  close() {
    const leg = this.#leg;
    const writer = this.#get();
    if (!leg.isWriteOver) leg.isFinished = true;
    this.#sequence.watch(
      'writer.close',
      attempt(() => writer.close()),
      () => void (leg.hasFinished = true),
      (error) => leg.other(error),
    );
  }

  abort() {
    const writer = this.#get();
    const reason = keepable(new Error('the reason of the abort'));
    this.#leg.abort(reason);
    this.#sequence.watchAny(
      'writer.abort',
      attempt(() => writer.abort(reason)),
    );
  }

  get isHeld() {
    return this.#writer !== undefined;
  }

  release() {
    this.#leg.isReleased = true;
    this.#writer.releaseLock();
    this.#writer = undefined;
  }

  #get() {
    if (this.#writer === undefined) {
      this.#writer = this.#socket.writable.getWriter();
      this.#sequence.watchAny('writer.closed', this.#writer.closed);
    }
    return this.#writer;
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

/** An error holds what its stack passed through, like the socket, until somebody reads it. */
function keepable(error) {
  void error.stack;
  return error;
}

/** Rejects also where the call throws. */
async function attempt(call) {
  return call();
}
