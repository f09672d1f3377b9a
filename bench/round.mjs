/**
 * One round of a group of cells: a fresh process for each, all warmed up one after another, and then a slice of each in
 * turn, over and over.
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
 * @property {number} figure in the workload's unit, by the client's clock
 * @property {number} serverFigure the same by the server's clock
 * @property {number} amount operations
 * @property {number} seconds
 * @property {number} cpuSeconds of the client
 * @property {number[]} slices the figure of each
 *
 * @typedef {object} GroupRound
 * @property {Map<Cell, Round>} rounds of the cells that went through
 * @property {Map<Cell, string>} failures of the others
 * @property {number | null} noise cores that others used meanwhile
 */

/**
 * @param {Cell[]} cells of workloads that are pinned alike
 * @param {import('./server.mjs').Server} server
 * @param {import('./args.mjs').Options} options
 * @returns {Promise<GroupRound>}
 */
export async function playRound(cells, server, options) {
  pinProcess(
    server.pid,
    cells.some(({ workload }) => workload.pinned),
  );
  const players = cells.map((cell) => new Player(cell, server, options));
  const playing = () => players.filter(({ failure }) => failure === undefined);

  for (const player of players) await player.warmUp();
  const noiseSince = watchNoise([server.pid, ...playing().map(({ pid }) => pid)]);
  for (let i = 0; i < options.slices; i++) {
    for (const player of playing()) await player.playSlice();
  }
  const noise = noiseSince();
  for (const player of players) await player.stop();

  return {
    rounds: new Map(playing().map((player) => [player.cell, player.round()])),
    failures: new Map(
      players.filter(({ failure }) => failure).map(({ cell, failure }) => [cell, String(failure)]),
    ),
    noise,
  };
}

/**
 * The versions of a peer: runs it without a workload.
 *
 * @param {import('./peers/index.mjs').Peer} peer
 * @param {import('./args.mjs').Options} options
 * @returns {Promise<import('./client.mjs').Versions>}
 */
export async function probe(peer, options) {
  const child = startProcess(peer.command({}, options));
  const versions = await child.answer();
  await child.stop();
  return versions;
}

/** The process of one cell, and what it has done so far. A failure ends its part, not the round. */
class Player {
  /** @type {import('./process.mjs').Process | undefined} */
  #process;
  /** @type {import('./client.mjs').Slice[]} */
  #slices = [];
  #serverSeconds = 0;

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

  get pid() {
    return this.#process?.pid ?? 0;
  }

  async warmUp() {
    const { workload, peer } = this.cell;
    const { name, granularity, warmUp, limit, pinned: isPinned } = workload;
    const { sliceSeconds, warmUpSeconds } = this.options;
    const { addresses } = this.server;
    const task = { workload: name, addresses, granularity, warmUp, limit, sliceSeconds, warmUpSeconds };
    const command = peer.command(task, this.options);
    this.#process = startProcess(isPinned ? pinned(command) : command);
    await this.#ask();
  }

  async playSlice() {
    const slice = await this.#ask('slice');
    if (slice === undefined) return;
    const { seconds } = await this.server.window(this.cell.workload.connections ?? slice.amount);
    this.#serverSeconds += seconds;
    this.#slices.push(slice);
  }

  async stop() {
    await this.#process?.stop();
  }

  /** @returns {Round} */
  round() {
    const { scale } = this.cell.workload;
    const sum = (/** @type {'amount' | 'seconds' | 'cpuSeconds'} */ key) =>
      this.#slices.reduce((total, slice) => total + slice[key], 0);
    const amount = sum('amount');
    return {
      figure: (amount / sum('seconds')) * scale,
      serverFigure: (amount / this.#serverSeconds) * scale,
      amount,
      seconds: sum('seconds'),
      cpuSeconds: sum('cpuSeconds'),
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
