// Rejections that nobody handles.

/**
 * Collects them until the test ends. Otherwise they fail the test, which is what nearly all tests want: this is for those
 * that look at them, and for drivers that leave some, because on Workers they are no more than a line in the log.
 *
 * @param {import('node:test').TestContext} t
 */
export function collectRejections(t) {
  /** @type {any[]} */
  const rejections = [];
  const others = process.listeners('unhandledRejection');
  const collect = (reason) => rejections.push(reason);
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', collect);
  t.after(async () => {
    // They are reported when the microtasks have run.
    await new Promise(setImmediate);
    process.off('unhandledRejection', collect);
    for (const listener of others) process.on('unhandledRejection', listener);
  });
  return rejections;
}
