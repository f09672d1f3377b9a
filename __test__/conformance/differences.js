/**
 * Every intended difference from workerd: the row of the contract it comes from, the reason, and what each runtime shows, by
 * scenario. A difference that vanishes or that shows something else fails the suite as surely as a new one does.
 *
 * @typedef {object} Difference
 * @property {string} row The contract's row, or the standard that the contract refers to.
 * @property {string} reason
 * @property {Record<string, { node: any, workerd: any }>} scenarios
 */
import { inArguments } from './differences/arguments.js';
import { inStates } from './differences/states.js';
import { inStreams } from './differences/streams.js';
import { inTls } from './differences/tls.js';

/** @type {Difference[]} */
export const differences = [...inArguments, ...inStates, ...inStreams, ...inTls];

/** @type {Map<string, { row: string, reason: string, node: any, workerd: any }>} */
export const differenceOf = new Map(
  differences.flatMap(({ row, reason, scenarios }) =>
    Object.entries(scenarios).map(
      ([name, shown]) => /** @type {const} */ ([name, { row, reason, ...shown }]),
    ),
  ),
);
