// What the kernel knows about connections: who still holds them, and what nobody has received yet.

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * How many descriptors are connected or connecting to a port. Only Linux tells; elsewhere the answer is `expected`, which
 * makes the check say nothing.
 *
 * @param {number} port
 * @param {number} expected
 */
export function descriptorsTo(port, expected) {
  if (process.platform !== 'linux') return expected;
  const inodes = connectionsTo(port).map(([, , , , , , , , , inode]) => inode);
  // The table is read piece by piece, and may show a connection twice when others come and go meanwhile.
  return new Set(inodes.filter((inode) => inode !== '0')).size;
}

/** Waits until so many descriptors are connected or connecting to the port, where no promise tells. */
export async function descriptorsReach(port, count) {
  while (descriptorsTo(port, count) !== count) await delay(10);
}

/** Waits until nobody holds a descriptor that is connected to the port. */
export async function released(port) {
  await descriptorsReach(port, 0);
}

/**
 * How many bytes have arrived at the client's end of a connection to a port, and were not received yet. Only Linux tells;
 * elsewhere the answer is `expected`.
 *
 * @param {number} port
 * @param {number} expected
 */
export function unreceivedFrom(port, expected) {
  if (process.platform !== 'linux') return expected;
  const sizes = connectionsTo(port).map(([, , , , queues]) => parseInt(queues.split(':')[1], 16));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The fields of the kernel's table, for the connections to a port. */
function connectionsTo(port) {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((table) => readFileSync(table, 'utf8').trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , remote]) => remote.endsWith(suffix));
}
