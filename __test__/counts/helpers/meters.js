// Counts what happens within this process, or tells those who count from outside when to begin and to end.

import { createHook } from 'node:async_hooks';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import v8 from 'node:v8';

/** For a trace of system calls: files that are looked for, and of course not there. */
export const BEGIN = '/winter-sockets/begin';
export const END = '/winter-sockets/end';

/** Each begins, and gives a function that ends, and tells the figures that there are. */
export const meters = {
  trace() {
    existsSync(BEGIN);
    return () => void existsSync(END);
  },

  /** Says on standard output what is next, and goes on when somebody has answered. */
  async dialogue() {
    const say = async (word) => {
      console.log(word);
      await once(process.stdin, 'data');
    };
    await say('begin');
    return async () => {
      await say('end');
      process.stdin.destroy();
    };
  },

  promises() {
    let promises = 0;
    const hook = createHook({ init: (_id, type) => void (promises += Number(type === 'PROMISE')) });
    hook.enable();
    return () => {
      hook.disable();
      return { promises };
    };
  },

  memory() {
    const collections = new v8.GCProfiler();
    collections.start();
    const before = usage();
    return () => {
      const after = usage();
      return {
        heap: after.heap - before.heap,
        buffers: after.buffers - before.buffers,
        collections: collections.stop().statistics.length,
      };
    };
  },
};

function usage() {
  return { heap: v8.getHeapStatistics().used_heap_size, buffers: process.memoryUsage().arrayBuffers };
}
