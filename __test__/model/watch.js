// What a sequence has under way: the promises that are pending, what became of the others, and the first thing that was wrong.

/**
 * Waits are counted in pieces of so many milliseconds, in each of which the event loop has gone round: on a machine that is
 * busy with something else, what takes long is not late.
 */
const PIECE = 100;

export class Watch {
  /** What was done, to be read by humans. @type {string[]} */
  log = [];
  /** @type {string | undefined} */
  complaint;
  /** What became of it all. @type {Record<string, number>} */
  outcomes = {};
  #pending = new Set();
  /** Ends a wait, to look at what has changed. @type {() => void} */
  #wake = () => {};
  #deadline;

  /** @param {number} deadline In milliseconds without progress. */
  constructor(deadline) {
    this.#deadline = deadline;
  }

  /**
   * Has the model judge the outcome of a promise.
   *
   * @param {string} name
   * @param {Promise<any>} promise
   * @param {(value: any) => string | undefined} onValue Gives a complaint, or nothing.
   * @param {(error: any) => string | undefined} onError
   */
  watch(name, promise, onValue, onError) {
    const each = { name, step: this.log.length };
    this.#pending.add(each);
    const settle = (verb, judge) => (value) => {
      this.#pending.delete(each);
      this.count(`${name} ${verb}`);
      const complaint = judge(value);
      const error = verb === 'rejects' ? value : undefined;
      if (complaint !== undefined) this.complain(`step ${each.step}, ${name}: ${complaint}`, error);
      this.onChange();
    };
    promise
      .then(settle('resolves', onValue), settle('rejects', onError))
      .catch((error) => this.complain('the model threw', error));
  }

  /** Whether promises with this name are pending. */
  isPending(name) {
    return this.pending.some((each) => each.name === name);
  }

  get pending() {
    return [...this.#pending];
  }

  /** What changes as long as something is moving, and the words for it. @returns {[number, string]} */
  get progress() {
    return [0, ''];
  }

  /** Waits for a condition, which is looked at whenever something happens. */
  async until(what, condition) {
    const all = this.#deadline / PIECE;
    let left = all;
    let [before] = this.progress;
    while (!condition() && this.complaint === undefined) {
      const [now, words] = this.progress;
      // Large transfers take their time.
      if (now !== before) left = all;
      before = now;
      if (left <= 0) {
        const pending = this.pending.map(({ name, step }) => `${name} of step ${step}`).join(', ');
        return this.complain(
          `${what}: not within ${this.#deadline} ms; pending: ${pending || 'nothing'}; ${words}`,
        );
      }
      let timer;
      await new Promise((resolve) => {
        this.#wake = () => resolve(undefined);
        timer = setTimeout(() => {
          left--;
          resolve(undefined);
        }, PIECE);
      });
      clearTimeout(timer);
    }
  }

  onChange() {
    this.#wake();
  }

  complain(what, error) {
    this.complaint ??= error === undefined ? what : `${what}: ${describe(error)}`;
    this.onChange();
  }

  count(outcome) {
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
  }
}

function describe(error) {
  return error instanceof Error ? `${error.name} ${error.code}: ${error.message}` : String(error);
}
