// Counts the system calls of a process.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { find } from '../../system/helpers/daemon.js';
import { needsLinux } from '../../system/helpers/platform.js';
import { measure } from './measure.js';
import { BEGIN, END } from './meters.js';

const strace = find('strace', 'strace');

/** For the option `skip`. */
export const skip = needsLinux || strace.skip;

/** What the allocators of V8 and of the C library ask the kernel for, which has nothing to do with sockets. */
const OF_MEMORY = new Set(['brk', 'getpid', 'madvise', 'mmap', 'mprotect', 'mremap', 'munmap']);

/** The same has several names, by processor and by version of libuv. */
const NAMES = [
  [/^epoll_(pwait2?|wait)$/, 'epoll_wait'],
  // libuv hands several over at once where it can.
  [/^io_uring_enter$/, 'epoll_ctl'],
  [/^sendto$/, 'send'],
  [/^recvfrom$/, 'recv'],
];

/**
 * How often a workload made which system call.
 *
 * @param {import('node:test').TestContext} t
 * @param {Omit<import('./measure.js').What, 'meter'>} what
 * @returns {Promise<{ done: Record<string, number>, calls: Calls }>}
 */
export async function countCalls(t, what) {
  const folder = mkdtempSync(join(tmpdir(), 'winter-sockets-strace-'));
  try {
    const file = join(folder, 'trace');
    const prefix = [strace.path, '-f', '-qq', '-s', '40', '-o', file];
    const done = await measure(t, { ...what, meter: 'trace' }, { prefix });
    return { done, calls: new Calls(readFileSync(file, 'utf8')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Calls {
  /** By name, or name and outcome. @type {Map<string, number>} */
  #counts = new Map();
  /** Those of other threads than that of JavaScript. */
  elsewhere = 0;

  /** @param {string} trace */
  constructor(trace) {
    const lines = trace.split('\n');
    const begin = lines.findIndex((line) => line.includes(BEGIN));
    const end = lines.findIndex((line) => line.includes(END));
    const [thread] = lines[begin].split(' ', 1);
    for (const line of lines.slice(begin + 1, end)) {
      // `123 recvfrom(18, … = 64`; what another thread interrupts is split, and its second half begins with `<... recvfrom resumed>`.
      const [, id, call, result] = /^(\d+) +(?:<\.\.\. )?(\w+)(?:\(| resumed>).* = (-?\w+)/.exec(line) ?? [];
      if (call === undefined || OF_MEMORY.has(call)) continue;
      if (id === thread) this.#add(call, result);
      else this.elsewhere++;
    }
  }

  /**
   * How often `name` was called; with `outcome`, how often with that result.
   *
   * @param {string} name
   * @param {'something' | 'nothing'} [outcome]
   */
  of(name, outcome) {
    return this.#counts.get(outcome === undefined ? name : `${name} ${outcome}`) ?? 0;
  }

  /** How many calls there were but those that are named. @param {string[]} names */
  except(...names) {
    let sum = 0;
    for (const [name, count] of this.#counts) if (!name.includes(' ') && !names.includes(name)) sum += count;
    return sum;
  }

  /** Calls per operation, as text. @param {number} operations */
  per(operations) {
    const each = (count) => Number((count / operations).toFixed(3));
    const rows = [...this.#counts.keys()]
      .filter((name) => !name.includes(' '))
      .map((name) => {
        const [all, inVain] = [this.of(name), this.of(name, 'nothing')];
        const remark = inVain > 0 && inVain < all ? ` (${each(inVain)} for nothing)` : '';
        return `${name} ${each(all)}${remark}`;
      });
    return [...rows.toSorted(), `in other threads ${each(this.elsewhere)}`].join(', ');
  }

  #add(call, result) {
    const name = NAMES.find(([pattern]) => pattern.test(call))?.[1] ?? call;
    const outcome = Number(result) > 0 ? 'something' : 'nothing';
    for (const key of [name, `${name} ${outcome}`]) this.#counts.set(key, this.of(key) + 1);
  }
}
