/**
 * How much CPU somebody else used while a round ran.
 *
 * All busy time of the machine, minus ours: this script, the clients and the server. A virtual machine's stolen time
 * counts as somebody else's. Linux only; elsewhere nothing is known.
 */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** The unit of `/proc`, `USER_HZ`, which is 100 on every Linux that Node supports. */
const TICKS_PER_SECOND = 100;

/** In cores. A quiet machine shows 0.00 to 0.03; a single busy neighbour shows 0.5 and more. */
export const NOISE_LIMIT = 0.1;

/** How long one look at the machine takes when waiting for it to calm down. */
const LOOK = 500;

/** @param {number | null} noise */
export function isNoisy(noise) {
  return noise !== null && noise > NOISE_LIMIT;
}

/**
 * Waits until the others are quiet, but not for ever.
 *
 * @param {number} serverPid
 * @param {number} patience in milliseconds
 */
export async function calm(serverPid, patience) {
  const deadline = performance.now() + patience;
  do {
    const noiseSince = watchNoise([serverPid]);
    await sleep(LOOK);
    if (!isNoisy(noiseSince())) return;
  } while (performance.now() < deadline);
}

/**
 * Starts to watch. The function that it returns gives the cores used by others since then, or `null` if unknown.
 *
 * @param {number[]} pids processes of ours, which live until then
 * @returns {() => number | null}
 */
export function watchNoise(pids) {
  if (process.platform !== 'linux') return () => null;
  const start = sample(pids);
  return () => {
    const end = sample(pids);
    const others = end.busy - start.busy - (end.ours - start.ours);
    return Math.max(0, others) / (end.at - start.at);
  };
}

/** @param {number[]} pids */
function sample(pids) {
  const ours = [process.pid, ...pids].reduce((sum, pid) => sum + processSeconds(pid), 0);
  return { at: performance.now() / 1e3, busy: busySeconds(), ours };
}

/** What all cores together have spent with anything but idling. */
function busySeconds() {
  const [total] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  const [user, nice, system, , , irq, softirq, steal] = total.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

/**
 * With what its children took that have ended: PostgreSQL has one for each connection.
 *
 * @param {number} pid
 */
function processSeconds(pid) {
  const stat = readProcessStat(pid);
  // The command's name, in parentheses, may contain anything; what follows is plain numbers.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number);
  return (user + system + childrenUser + childrenSystem) / TICKS_PER_SECOND;
}

/** @param {number} pid */
function readProcessStat(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // A client that failed meanwhile. Its round is worth nothing, and so is what others did.
    return '0 () Z 0 0 0 0 0 0 0 0 0 0 0 0';
  }
}
