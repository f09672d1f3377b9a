/** All rounds of all groups; a round that others have disturbed is played again. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { calm, isNoisy } from './noise.mjs';
import { cellKey, groups } from './plan.mjs';
import { startDatabase } from './postgres.mjs';
import { Player, playRound } from './round.mjs';

/** How often one round is repeated because others used the CPU. */
const REPEATS_PER_ROUND = 2;
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
 * @param {import('./server.mjs').Server} theServer
 * @param {(line: string) => void} log
 * @returns {Promise<Results>}
 */
export async function playRounds(options, peers, theServer, log) {
  const plan = groups(options.workloads, peers);
  /** @type {Results} */
  const results = new Map(plan.flat().map((cell) => [cellKey(cell), { rounds: [], repeats: 0 }]));
  // On a busy machine the run must come to its end, too.
  const patience = { seconds: options.noisePatience };

  for (const group of plan) {
    const isForPostgres = group.some(({ workload }) => workload.postgres);
    // Not left to idle between groups, for it would do that aloud.
    const server = isForPostgres ? await startDatabase() : theServer;
    try {
      await playGroup(group, server);
    } finally {
      if (isForPostgres) await server.stop();
    }
  }
  return results;

  /**
   * @param {import('./plan.mjs').Cell[]} group
   * @param {import('./server.mjs').Server} server
   */
  async function playGroup(group, server) {
    const players = group.map((cell) => new Player(cell, server, options));
    for (let number = 1; number <= options.rounds; number++) {
      // A peer that fails once would fail again, or its figures mean nothing.
      const playing = players.filter(({ failure }) => failure === undefined);
      if (playing.length === 0) break;
      const { best, repeats } = await playCleanly(playing, server, options, patience);
      record(results, best, repeats);
      log(progress(number, best, repeats));
    }
    for (const player of players) await player.stop();
  }
}

/**
 * Repeats a round that others have disturbed, and keeps the least disturbed. A failure is never thrown away.
 *
 * @param {Player[]} players
 * @param {import('./server.mjs').Server} server
 * @param {import('./args.mjs').Options} options
 * @param {{ seconds: number }} patience What is left of it.
 */
async function playCleanly(players, server, options, patience) {
  let repeats = 0;
  let best = await playAfterRest(players, server, options);
  while (
    isNoisy(best.noise) &&
    best.failures.size === 0 &&
    repeats < REPEATS_PER_ROUND &&
    patience.seconds > 0
  ) {
    repeats += 1;
    const start = performance.now();
    await calm(server.pid, options.quick ? PATIENCE.quick : PATIENCE.full);
    const again = await playAfterRest(players, server, options);
    if (again.failures.size > 0 || Number(again.noise) < Number(best.noise)) best = again;
    patience.seconds -= (performance.now() - start) / 1e3;
  }
  return { best, repeats };
}

/** @type {typeof playRound} */
async function playAfterRest(players, server, options) {
  await sleep(1e3 * Math.max(0, ...players.map(({ cell }) => cell.workload.restSeconds ?? 0)));
  return playRound(players, server, options);
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
