/** The peers, and the proxies in front of them, for a process of its own that runs scenarios and asks for them by message. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { AUTHORITY } from '../conformance/certificates.js';
import { Peer } from '../conformance/peers.js';
import { scripts } from '../conformance/scripts.js';
import { FaultProxy } from './proxy.js';

/** @typedef {{ scenario: string, fault: import('./proxy.js').Fault }} Run */
/** @typedef {{ runs: number, compared: number, problems: string[] }} Result What `client.js` sends when it is done. */

/**
 * Runs scenarios under faults, in one process, and tells what went wrong. A crash is one of these things.
 *
 * @param {Run[]} runs
 * @returns {Promise<Result>}
 */
export async function play(runs) {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: AUTHORITY };
  const child = fork(fileURLToPath(new URL('client.js', import.meta.url)), { execArgv: [], env });
  const world = new World();
  /** @type {Result | undefined} */ let result;
  child.on('message', async (/** @type {any} */ { id, method, argument }) => {
    if (method === 'result') result = argument;
    else child.send({ id, ...(await world.answer(method, argument)) }, () => {});
  });
  child.send({ runs });
  const [code, signal] = await once(child, 'exit');
  const unfinished = world.stop();
  if (result !== undefined && code === 0) return result;
  const during = unfinished.map(({ scenario, fault }) => `${scenario} × ${fault.name}`);
  const crash = `the process ended with ${signal ?? `code ${code}`}, during one of\n${during.join('\n')}`;
  return { runs: runs.length, compared: 0, problems: [...(result?.problems ?? []), crash] };
}

class World {
  /** @type {Map<number, Stage>} */ #stages = new Map();
  #next = 0;

  /**
   * @param {string} method
   * @param {any} argument
   * @returns {Promise<{ value: any } | { error: string }>}
   */
  async answer(method, argument) {
    try {
      if (method === 'ping') return { value: null };
      if (method === 'open') return { value: await this.#open(argument) };
      const stage = this.#stages.get(argument.stage);
      if (!stage) throw new Error('the peer is gone');
      if (method === 'command') return { value: await stage.command(argument) };
      this.#stages.delete(argument.stage);
      return { value: stage.close() };
    } catch (error) {
      return { error: String(error) };
    }
  }

  /** Closes what is open, and returns it. */
  stop() {
    const stages = [...this.#stages.values()];
    for (const stage of stages) stage.close();
    return stages.map(({ run }) => run);
  }

  /** @param {Run & { peer: string }} run */
  async #open(run) {
    const host = scripts[run.peer].host ?? '127.0.0.1';
    const peer = await Peer.start(scripts[run.peer]);
    const proxy = await FaultProxy.start(run.fault, { host, port: peer.port });
    const stage = this.#next++;
    this.#stages.set(stage, new Stage(run, peer, proxy));
    return { stage, hostname: host, port: proxy.port };
  }
}

/** What one run plays on. */
class Stage {
  #peer;
  #proxy;
  #over = new AbortController();

  /**
   * @param {Run} run
   * @param {Peer} peer
   * @param {FaultProxy} proxy
   */
  constructor(run, peer, proxy) {
    this.run = run;
    this.#peer = peer;
    this.#proxy = proxy;
  }

  /** A command to a peer that is not there any more, or never gets its connection, must not hang. */
  command(/** @type {{ command: string, argument: any }} */ { command, argument }) {
    const over = once(this.#over.signal, 'abort').then(() => Promise.reject(new Error('the peer is gone')));
    return Promise.race([this.#peer.command(command, argument), over]);
  }

  /** Resets everything, and returns what the peer had seen by then. */
  close() {
    const reports = this.#peer.connections.map(({ report }) => report);
    this.#over.abort();
    this.#proxy.stop();
    this.#peer.stop();
    return reports;
  }
}
