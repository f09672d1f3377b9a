/** What this machine can't do: it is left out, and the report says why. */
import { readFileSync } from 'node:fs';
import { withoutPostgres } from './postgres.mjs';

/** What a process has open besides its connections, and more. */
const OTHER_DESCRIPTORS = 200;

/**
 * @typedef {import('./plan.mjs').Workload} Workload
 * @typedef {import('./plan.mjs').Gauge} Gauge
 * @typedef {{ name: string, reason: string }} Omission
 */

/**
 * @param {(Workload | Gauge)[]} items
 * @returns {Omission[]}
 */
export function findObstacles(items) {
  return items
    .map((item) => ({ name: item.name, reason: obstacle(item) }))
    .filter(/** @returns {omission is Omission} */ (omission) => omission.reason !== undefined);
}

/** @param {Workload | Gauge} item */
function obstacle(item) {
  if ('postgres' in item && item.postgres) return withoutPostgres;
  if (!('method' in item) || item.method !== 'memory') return undefined;
  const needed = item.amount + OTHER_DESCRIPTORS;
  const limit = descriptorLimit();
  return needed > limit
    ? `it needs ${needed} descriptors, and the limit is ${limit} (ulimit -Hn)`
    : undefined;
}

/** The hard limit, to which Node raises the other one for itself and its children; unknown elsewhere than on Linux. */
function descriptorLimit() {
  if (process.platform !== 'linux') return Infinity;
  const limit = /^Max open files +\S+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return Number(limit ?? Infinity);
}
