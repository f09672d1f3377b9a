'use strict';

/**
 * A promise that is made when somebody asks for it; most sockets are used without their `closed`. It is marked as
 * handled: no failure of a socket surfaces as an unhandled rejection unless the user derived a promise and left it.
 *
 * @template T
 */
class Deferred {
  /** @type {Promise<T> | undefined} */
  #promise;
  /** @type {((value: T) => void) | undefined} */
  #resolve;
  /** @type {((error: unknown) => void) | undefined} */
  #reject;
  /** @type {{ value: T } | { error: unknown } | undefined} */
  #outcome;

  get promise() {
    return (this.#promise ??= this.#make());
  }

  /** @param {T} value */
  resolve(value) {
    if (this.#outcome !== undefined) return;
    this.#outcome = { value };
    this.#resolve?.(value);
  }

  /** @param {unknown} error */
  reject(error) {
    if (this.#outcome !== undefined) return;
    this.#outcome = { error };
    this.#reject?.(error);
  }

  #make() {
    /** @type {Promise<T>} */
    const promise = new Promise((resolve, reject) => {
      const outcome = this.#outcome;
      if (outcome === undefined) [this.#resolve, this.#reject] = [resolve, reject];
      else if ('value' in outcome) resolve(outcome.value);
      else reject(outcome.error);
    });
    promise.then(undefined, ignore);
    return promise;
  }
}

function ignore() {}

exports.Deferred = Deferred;
