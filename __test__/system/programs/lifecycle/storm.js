// A storm of workers with busy connections: terminated at random moments, some before they have begun, or ended by
// themselves at random steps.

import { readdirSync, readlinkSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

import { connect } from '../../../../index.js';
import { data, descriptorsBackTo, steadyDescriptors, tell } from '../parent.js';

const { ports, workers, atOnce, steps, delays } = data;
const script = new URL('./ends-at-random.js', import.meta.url);
const ways = ['is terminated', 'is terminated when it is busy', 'exits', 'throws', 'rejects', 'exits later'];

// The first ones start threads, which stay.
await Promise.all(ways.map((how) => storm(how, 20, 30)));
const before = await steadyDescriptors(count);
const outcomes = {};
let next = 0;
const lane = async () => {
  while (next < workers) {
    const number = next++;
    const how = ways[number % ways.length];
    const outcome = `${how}: ${await storm(how, steps[number], delays[number])}`;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
};
await Promise.all(Array.from({ length: atOnce }, lane));
await descriptorsBackTo(before, count);

const socket = connect(`127.0.0.1:${ports.plain}`);
await socket.writable.getWriter().write('echo\nstill here');
const { value } = await socket.readable.getReader().read();
await socket.close();
const after = await descriptorsBackTo(before, count);
await tell({ before, after, links: links(), outcomes, word: Buffer.from(value).toString() });
process.disconnect();

/**
 * What the descriptors are, but for modules: Node 20 reads those asynchronously, and leaves the file open when a worker is
 * terminated meanwhile, whatever that worker imports.
 */
function links() {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      const link = readlinkSync(`/proc/self/fd/${descriptor}`);
      return link.endsWith('.js') ? [] : [link];
    } catch {
      // The one that the folder was read by.
      return [];
    }
  });
}

function count() {
  return links().length;
}

/** Gives the exit code and the error of one worker. */
async function storm(how, step, delay) {
  const isEndless = how === 'is terminated';
  const worker = new Worker(script, { workerData: { ports, how, step: isEndless ? Infinity : step } });
  let error = '';
  worker.on('error', ({ message }) => (error = ` ${message}`));
  // `once()` of Node would reject with the error.
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  worker.once('message', () => worker.terminate());
  if (isEndless) setTimeout(() => worker.terminate(), delay);
  return `${await exited}${error}`;
}
