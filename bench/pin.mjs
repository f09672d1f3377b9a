/** Keeps processes on one core, or lets them go again. Linux with `taskset`; elsewhere nothing is pinned. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The second core, because interrupts prefer the first. */
const PREFERRED_CORE = 1;

const allowed = allowedCores();

/** The core for pinned workloads, or `undefined` where pinning isn't possible. */
export const core = canPin()
  ? allowed.includes(PREFERRED_CORE)
    ? PREFERRED_CORE
    : allowed.at(-1)
  : undefined;

/**
 * Prefixes a command so that it runs on that core.
 *
 * @param {string[]} command
 */
export function pinned(command) {
  return core === undefined ? command : ['taskset', '-c', String(core), ...command];
}

/**
 * Moves a running process, with all its threads, to the one core or to all.
 *
 * @param {number} pid
 * @param {boolean} toOneCore
 */
export function pinProcess(pid, toOneCore) {
  if (core === undefined) return;
  const cores = toOneCore ? String(core) : allowed.join(',');
  execFileSync('taskset', ['-a', '-c', '-p', cores, String(pid)], { stdio: 'ignore' });
}

function canPin() {
  if (allowed.length === 0) return false;
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The cores that this process may use: `0-3,6` in `/proc`, as a list. */
function allowedCores() {
  if (process.platform !== 'linux') return [];
  const status = readFileSync('/proc/self/status', 'utf8');
  const ranges = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1].split(',') ?? [];
  return ranges.flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
