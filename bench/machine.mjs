/** Where a result comes from. */
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { core } from './pin.mjs';

/** @typedef {ReturnType<typeof describeMachine>} Machine */

export function describeMachine() {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    load: os.loadavg().map((load) => Number(load.toFixed(2))),
    /** The core of the pinned workloads, or `null` where they run unpinned. */
    pinnedCore: core ?? null,
    commit: commit(),
  };
}

/** The commit that was measured, with a mark when there were changes on top; `null` outside a checkout. */
function commit() {
  try {
    const options = { cwd: import.meta.dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    return execFileSync('git', ['describe', '--always', '--dirty'], /** @type {any} */ (options)).trim();
  } catch {
    return null;
  }
}
