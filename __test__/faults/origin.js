/**
 * Who made a promise. Under faults the scenarios leave promises of their own unhandled, which is no mistake of the package: its
 * own promises have to be told from those.
 */
import { promiseHooks } from 'node:v8';
import { fileURLToPath } from 'node:url';

const tests = fileURLToPath(new URL('..', import.meta.url));

/** @type {WeakMap<Promise<any>, { stack?: string, context?: string | undefined }>} */
const sites = new WeakMap();

/**
 * Notes where every promise is made, from now on.
 *
 * @param {() => string | undefined} contextOf
 */
export function noteOrigins(contextOf) {
  const note = (/** @type {Promise<any>} */ promise) => {
    const site = { context: contextOf() };
    Error.captureStackTrace(site, note);
    sites.set(promise, site);
  };
  promiseHooks.onInit(note);
}

/**
 * Where a promise was made, and whether that was in the scenario's own code rather than in the package or below it.
 *
 * @param {Promise<any>} promise
 */
export function originOf(promise) {
  const { stack = 'nobody knows where', context } = sites.get(promise) ?? {};
  const frame = stack.split('\n').find((line) => /[(\s](file:\/\/)?\//.test(line)) ?? '';
  return { stack, context, isOfScenario: frame.includes(`${tests}conformance`) };
}
