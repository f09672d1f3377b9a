// The steps of the readers of a socket.

/** @import { Leg } from './leg.js' */
/** @import { Sequence } from './sequence.js' */

/** What a program does with `readable`: one reader after the other, of either kind. */
export class Reader {
  #sequence;
  #leg;
  #socket;
  /** The present one. */
  #reader;

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

  /** The kind of the present reader, if there is one. @returns {'default' | 'byob' | undefined} */
  get mode() {
    return this.#reader?.mode;
  }

  get hasReads() {
    return this.#reader?.reads > 0;
  }

  read(room = Infinity) {
    const sequence = this.#sequence;
    const leg = this.#leg;
    const owner = this.#get(room === Infinity ? 'default' : 'byob');
    const read = { room, isLate: leg.isEndedHere };
    leg.reads++;
    owner.reads++;
    sequence.watch(
      'read',
      room === Infinity ? owner.reader.read() : owner.reader.read(new Uint8Array(room)),
      ({ done, value }) => {
        owner.reads--;
        const { peer } = sequence;
        if (!done) return leg.readBytes(value, peer?.isNext(value) === true, read);
        return leg.readEnd(peer?.sent ?? 0);
      },
      (error) => {
        owner.reads--;
        return leg.readFailed(error, owner.isReleased);
      },
    );
  }

  async release() {
    // A turn later, because what the Streams standard has for a reader that is released in the tick of its read into a
    // buffer leaves the next reader without its bytes.
    if (this.mode === 'byob') await this.#sequence.turns(1);
    this.#leg.mayStillRead ||= this.hasReads;
    this.#leg.isReleased = true;
    this.#reader.isReleased = true;
    this.#reader.reader.releaseLock();
    this.#reader = undefined;
  }

  cancel() {
    const { reader } = this.#get(this.mode ?? 'default');
    this.#leg.isCancelled = true;
    this.#sequence.watchAny('reader.cancel', reader.cancel(new Error('the reason of the cancel')));
  }

  #get(mode) {
    if (this.#reader === undefined) {
      const { readable } = this.#socket;
      const reader = mode === 'byob' ? readable.getReader({ mode }) : readable.getReader();
      this.#reader = { mode, reader, reads: 0, isReleased: false };
      this.#sequence.watchAny('reader.closed', reader.closed);
    }
    return this.#reader;
  }
}
