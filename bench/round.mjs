/**
 * One round of a group of cells: a process for each, all warmed up one after another, and then a slice of each in turn,
 * over and over.
 *
 * The slices are short because machines don't keep their pace: in a virtual machine the same work may take half as long
 * again from one second to the next, and nothing in the guest tells. Slices meet fast and slow times alike.
 */
import { watchNoise } from './noise.mjs';
import { pinProcess, pinned } from './pin.mjs';
import { startProcess } from './process.mjs';

/**
 * @typedef {import('./plan.mjs').Cell} Cell
 *
 * @typedef {object} Round What a cell did in one round.
 * @property {number} figure in the workload's unit, by the peer's clock
 * @property {number} serverFigure the same by the server's clock
 * @property {number} amount operations
 * @property {number} seconds
 * @property {number | null} cpuSeconds of the client, where it tells
 * @property {number[]} slices the figure of each
 *
 * @typedef {object} GroupRound
 * @property {Map<Cell, Round>} rounds of the cells that went through
 * @property {Map<Cell, string>} failures of the others
 * @property {number | null} noise cores that others used meanwhile
 */

/**
 * @param {Player[]} players of workloads that are pinned alike
 * @param {import('./server.mjs').Server} server
 * @param {import('./args.mjs').Options} options
 * @returns {Promise<GroupRound>}
 */
export async function playRound(players, server, options) {
  pinProcess(
    server.pid,
    players.some(({ cell }) => cell.workload.pinned),
  );
  const playing = () => players.filter(({ failure }) => failure === undefined);

  for (const player of players) await player.begin();
  const noiseSince = watchNoise([server.pid, ...playing().flatMap(({ pids }) => pids)]);
  for (let i = 0; i < options.slices; i++) {
    for (const player of playing()) await player.playSlice();
  }
  const noise = noiseSince();
  const rounds = new Map(playing().map((player) => [player.cell, player.round()]));
  for (const player of players) await player.end();

  return {
    rounds,
    failures: new Map(
      players.filter(({ failure }) => failure).map(({ cell, failure }) => [cell, String(failure)]),
    ),
    noise,
  };
}

/**
 * What a peer says of itself: runs it without a workload.
 *
 * @param {import('./peers/index.mjs').Peer} peer
 * @param {import('./args.mjs').Options} options
 * @returns {Promise<import('./client.mjs').Introduction>}
 */
export async function probe(peer, options) {
  const child = startProcess(peer.command({}, options));
  const introduction = await child.answer();
  await child.stop();
  return introduction;
}

/** The process of one cell, and what it has done in this round. A failure ends its part, not the round. */
export class Player {
  /** @type {import('./process.mjs').Process | undefined} */
  #process;
  /** @type {import('./client.mjs').Slice[]} */
  #slices = [];
  #serverSeconds = 0;
  /** @type {number[]} */
  #helpers = [];

  /** @type {string | undefined} */
  failure;

  /**
   * @param {Cell} cell
   * @param {import('./server.mjs').Server} server
   * @param {import('./args.mjs').Options} options
   */
  constructor(cell, server, options) {
    this.cell = cell;
    this.server = server;
    this.options = options;
  }

  /** All processes that work for it. */
  get pids() {
    return [this.#process?.pid ?? 0, ...this.#helpers];
  }

  /** Begins a round with a process that is warmed up. */
  async begin() {
    this.#slices = [];
    this.#serverSeconds = 0;
    if (this.#process === undefined) await this.#warmUp();
  }

  async #warmUp() {
    const { workload, peer } = this.cell;
    const { name, granularity, limit, sliceFactor = 1, pinned: isPinned } = workload;
    const { warmUpSeconds, warmUpShare } = this.options;
    const wanted = workload.warmUp * warmUpShare * (peer.warmUpShare ?? 1);
    const warmUp = Math.ceil(wanted / granularity) * granularity;
    const sliceSeconds = this.options.sliceSeconds * sliceFactor;
    const { addresses } = this.server;
    const task = { workload: name, addresses, granularity, warmUp, limit, sliceSeconds, warmUpSeconds };
    const command = peer.command(task, this.options);
    this.#process = startProcess(isPinned ? pinned(command) : command);
    const introduction = await this.#ask();
    this.#helpers = introduction?.pids ?? [];
  }

  async playSlice() {
    const slice = await this.#ask('slice');
    if (slice === undefined) return;
    const { connections } = this.cell.workload;
    const window = await this.server.window(connections ?? slice.amount);
    const { seconds, lifeSeconds } = window ?? { seconds: slice.seconds, lifeSeconds: slice.seconds };
    // Where each operation has a connection of its own, to connect is part of it.
    this.#serverSeconds += connections === undefined ? lifeSeconds : seconds;
    this.#slices.push(slice);
  }

  /** Ends a round. */
  async end() {
    if (!this.cell.workload.keepsProcess) await this.stop();
  }

  async stop() {
    await this.#process?.stop();
    this.#process = undefined;
  }

  /** @returns {Round} */
  round() {
    const { workload, peer } = this.cell;
    const { scale } = workload;
    const sum = (/** @type {'amount' | 'seconds' | 'cpuSeconds'} */ key) =>
      this.#slices.reduce((total, slice) => total + (slice[key] ?? NaN), 0);
    const amount = sum('amount');
    const seconds = peer.hasClock ? sum('seconds') : this.#serverSeconds;
    const cpuSeconds = sum('cpuSeconds');
    return {
      figure: (amount / seconds) * scale,
      serverFigure: (amount / this.#serverSeconds) * scale,
      amount,
      seconds,
      cpuSeconds: peer.hasClock && !Number.isNaN(cpuSeconds) ? cpuSeconds : null,
      slices: this.#slices.map((slice) => (slice.amount / slice.seconds) * scale),
    };
  }

  /** @param {string} [question] */
  async #ask(question) {
    try {
      return await this.#process?.answer(question);
    } catch (error) {
      this.failure = /** @type {Error} */ (error).message;
    }
  }
}
