/** All rounds of all groups; a round that others have disturbed is played again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { calm, isNoisy } from './noise.mjs';
import { cellKey, groups } from './plan.mjs';
import { playRound } from './round.mjs';

/** How often one round is repeated because others used the CPU. */
const REPEATS_PER_ROUND = 2;
/** How many in all, as a share of those planned: on a busy machine the run must come to its end, too. */
const REPEATS_SHARE = { quick: 0.1, full: 0.25 };
/** How long a repeated round waits for a disturbance to pass, in milliseconds. */
const PATIENCE = { quick: 2_000, full: 15_000 };

/**
 * @typedef {Map<string, CellResult>} Results by `cellKey`
 *
 * @typedef {object} CellResult
 * @property {(import('./round.mjs').Round & { noise: number | null })[]} rounds
 * @property {number} repeats rounds thrown away for a cleaner one
 * @property {string} [failure] why there are no more rounds
 */

/**
 * @param {import('./args.mjs').Options} options
 * @param {import('./plan.mjs').ReadyPeer[]} peers
 * @param {import('./server.mjs').Server} server
 * @param {(line: string) => void} log
 * @returns {Promise<Results>}
 */
export async function playRounds(options, peers, server, log) {
  const plan = groups(options.workloads, peers);
  /** @type {Results} */
  const results = new Map(plan.flat().map((cell) => [cellKey(cell), { rounds: [], repeats: 0 }]));
  const share = options.quick ? REPEATS_SHARE.quick : REPEATS_SHARE.full;
  const budget = { repeats: Math.ceil(plan.length * options.rounds * share) };

  for (const group of plan) {
    for (let number = 1; number <= options.rounds; number++) {
      // A peer that fails once would fail again, or its figures mean nothing.
      const cells = group.filter((cell) => results.get(cellKey(cell))?.failure === undefined);
      if (cells.length === 0) break;
      const { best, repeats } = await playCleanly(cells, server, options, budget);
      record(results, best, repeats);
      log(progress(number, best, repeats));
    }
  }
  return results;
}

/**
 * Repeats a round that others have disturbed, and keeps the least disturbed. A failure is never thrown away.
 *
 * @param {import('./plan.mjs').Cell[]} cells
 * @param {import('./server.mjs').Server} server
 * @param {import('./args.mjs').Options} options
 * @param {{ repeats: number }} budget
 */
async function playCleanly(cells, server, options, budget) {
  let repeats = 0;
  let best = await playAfterRest(cells, server, options);
  while (
    isNoisy(best.noise) &&
    best.failures.size === 0 &&
    repeats < REPEATS_PER_ROUND &&
    budget.repeats > 0
  ) {
    repeats += 1;
    budget.repeats -= 1;
    await calm(server.pid, options.quick ? PATIENCE.quick : PATIENCE.full);
    const again = await playAfterRest(cells, server, options);
    if (again.failures.size > 0 || Number(again.noise) < Number(best.noise)) best = again;
  }
  return { best, repeats };
}

/** @type {typeof playRound} */
async function playAfterRest(cells, server, options) {
  await sleep(1e3 * Math.max(0, ...cells.map(({ workload }) => workload.restSeconds ?? 0)));
  return playRound(cells, server, options);
}

/**
 * @param {Results} results
 * @param {import('./round.mjs').GroupRound} round
 * @param {number} repeats
 */
function record(results, { rounds, failures, noise }, repeats) {
  for (const [cell, round] of rounds) {
    const result = results.get(cellKey(cell));
    result?.rounds.push({ ...round, noise });
    if (result) result.repeats += repeats;
  }
  for (const [cell, failure] of failures) {
    const result = results.get(cellKey(cell));
    if (result) result.failure = failure;
  }
}

/**
 * @param {number} number
 * @param {import('./round.mjs').GroupRound} round
 * @param {number} repeats
 */
function progress(number, { rounds, failures, noise }, repeats) {
  const figures = [...rounds].map(
    ([{ workload, peer }, { figure }]) =>
      `${workload.name} ${peer.name} ${Math.round(figure)} ${workload.unit}`,
  );
  const failed = [...failures].map(([cell, failure]) => `${cellKey(cell)} failed: ${failure}`);
  const others = noise === null ? [] : [`others ${noise.toFixed(2)} cores`];
  const again = repeats === 0 ? [] : [`best of ${repeats + 1}`];
  return [`round ${number}`, ...figures, ...failed, ...others, ...again].join('; ');
}
