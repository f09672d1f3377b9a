// Random programs, and what it takes to run one.

import fc from 'fast-check';

import { finish } from './finish.js';
import { Sequence } from './sequence.js';
import { anyAnswer, anyStep } from './steps.js';

export function anyProgram() {
  return fc.record({
    connection: fc.record({
      secureTransport: weighted([85, 'off'], [10, 'starttls'], [5, 'on']),
      hostname: weighted([9, '127.0.0.1'], [1, 'localhost']),
      isRefused: weighted([19, false], [1, true]),
      answer: anyAnswer(),
      allowHalfOpen: fc.boolean(),
      highWaterMark: weighted([3, undefined], [1, 1], [1, 1000], [1, 100_000]),
      isWatched: fc.boolean(),
    }),
    awaitsOpen: fc.boolean(),
    steps: fc.commands([anyStep()], { maxCommands: 24, size: 'max' }),
    ending: weighted([4, 'closes'], [1, 'peer ends'], [1, 'peer resets']),
  });
}

const weighted = (...choices) =>
  fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));

/**
 * Runs a program, and throws if something is not as it should be.
 *
 * @param {any} program
 * @param {number} deadline
 * @param {() => Promise<string | undefined>} leftBehind Looks for what should not be there afterwards.
 */
export async function run({ connection, awaitsOpen, steps, ending }, deadline, leftBehind) {
  const sequence = await Sequence.start(connection, deadline);
  try {
    if (awaitsOpen) {
      sequence.log.push('await opened');
      await sequence.opened();
    }
    // The model is in the sequence, which knows what has been done and what came of it.
    await fc.asyncModelRun(() => ({ model: sequence, real: sequence }), steps);
    await finish(sequence, ending);
  } finally {
    await sequence.listener.close();
  }
  const complaint = sequence.complaint ?? (await leftBehind());
  if (complaint !== undefined) throw new Error(`${complaint}\n${listing(sequence.log)}`);
  return sequence.outcomes;
}

function listing(log) {
  return log.map((line, i) => `${String(i + 1).padStart(4)}  ${line}`).join('\n');
}
