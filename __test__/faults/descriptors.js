/** The descriptors of this process. Only Linux tells; elsewhere there seem to be none. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What each descriptor is, like `socket:[4711]`. */
export function openDescriptors() {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/self/fd/${descriptor}`)];
    } catch {
      // The one that has listed them.
      return [];
    }
  });
}

/**
 * What is open and was not before. Several may be the same, like `anon_inode:[eventpoll]`.
 *
 * @param {string[]} before
 */
export function openedSince(before) {
  const known = [...before];
  return openDescriptors().filter((descriptor) => {
    const index = known.indexOf(descriptor);
    if (index !== -1) known.splice(index, 1);
    return index === -1;
  });
}

/**
 * Whose connection a descriptor is.
 *
 * @param {string} descriptor
 * @param {Map<number, string>} labels By the port they connected to.
 */
export function describe(descriptor, labels) {
  const inode = /^socket:\[(\d+)\]$/.exec(descriptor)?.[1];
  const connection = ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((table) => readFileSync(table, 'utf8').trim().split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .find((fields) => fields[9] === inode);
  if (!connection) return descriptor;
  const port = parseInt(connection[2].split(':')[1], 16);
  return `${descriptor}, state ${connection[3]}, of ${labels.get(port) ?? `a connection to port ${port}`}`;
}
