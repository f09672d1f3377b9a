/** The fault scripts: a matrix of what can happen, in which direction, and where. */

/** @typedef {import('./proxy.js').Fault} Fault */
/** @typedef {import('./proxy.js').Step} Step */

/** Whoever is only slow may take that long. */
const SLOW = 2000;

/** What happens to one direction. What is faithful delivers everything. @type {{ steps: Step[], faithful?: true }[]} */
const inOneDirection = [
  { steps: [['trickle', 3000]], faithful: true },
  // Behind the first byte; behind the header of a record of TLS; within a hello.
  ...[1, 5, 200].map((offset) => ({ steps: [step('split', offset)], faithful: /** @type {true} */ (true) })),
  { steps: [['delayFin', 40]], faithful: true },
  // From the first byte on, and once a handshake is over.
  { steps: [['hold', 0]] },
  { steps: [['hold', 3000]] },
  ...[0, 200, 2500].flatMap((offset) => [
    { steps: [step('reset', offset)] },
    { steps: [step('fin', offset)] },
    { steps: [step('vanish', offset)] },
  ]),
  { steps: [['resetInRecord', 1, 40]] },
  { steps: [['resetInRecord', 4, 9]] },
  { steps: [['resetInRecord', 7, 1]] },
  { steps: [['resetForFin']] },
  { steps: [['resetBehindFin']] },
];

/** @type {Fault[]} */
const inBothDirections = [
  [step('latency', 15)],
  [step('trickle', 3000)],
  [step('giant', 4_000_000)],
  [step('latency', 5), step('pieces', 1000), step('delayFin', 20)],
].map((steps) => ({
  name: `both ways ${text(steps)}`,
  toClient: steps,
  toPeer: steps,
  faithful: true,
  patience: SLOW,
}));

/** @type {Fault[]} */
const arrivals = /** @type {const} */ ([
  'nobody listens',
  'RST before accept',
  'RST after accept',
  'FIN after accept',
  'FIN and RST after accept',
]).map((arrival) => ({ name: arrival, arrival }));

/** @type {Fault[]} */
export const faults = [
  ...arrivals,
  ...inBothDirections,
  ...inOneDirection.flatMap(({ steps, faithful = false }) => {
    const patience = faithful ? SLOW : undefined;
    return [
      { name: `to the client ${text(steps)}`, toClient: steps, faithful, patience },
      { name: `to the peer ${text(steps)}`, toPeer: steps, faithful, patience },
    ];
  }),
];

/**
 * A fault at one byte of a connection, for going through all of them.
 *
 * @param {'split' | 'reset' | 'fin' | 'vanish'} name
 * @param {'toClient' | 'toPeer'} direction
 * @param {number} offset
 * @returns {Fault}
 */
export function faultAt(name, direction, offset) {
  const faithful = name === 'split';
  const patience = faithful ? SLOW : undefined;
  return { name: `${direction} ${name} ${offset}`, [direction]: [step(name, offset)], faithful, patience };
}

/**
 * @param {Step[0]} name
 * @param {number[]} args
 * @returns {Step}
 */
function step(name, ...args) {
  return [name, ...args];
}

function text(/** @type {Step[]} */ steps) {
  return steps.map((one) => one.join(' ')).join(', ');
}
