// Connects and closes in all sorts of ways, many thousands of times, and reports what the process holds before and after.

import { connect } from '../../../index.js';
import { collect, data, descriptors, tell, until } from './parent.js';

const { addresses, refused: refusedAddress, warmUp, cycles, atOnce } = data;

/** What a cycle does, and how many in a hundred do it. */
const kinds = [
  ['echo', 35, echo],
  ['endedByPeer', 15, endedByPeer],
  ['idle', 15, idle],
  ['reset', 15, reset],
  ['refused', 10, refused],
  ['pending', 10, pending],
];
const schedule = kinds.flatMap(([name, share, run]) => Array.from({ length: share }, () => ({ name, run })));
/** @type {Record<string, number>} */
const counts = {};
let next = 0;

await runCycles(warmUp);
const before = await measure();
for (const name of Object.keys(counts)) counts[name] = 0;
const start = performance.now();
const quarters = [];
for (let quarter = 0; quarter < 4; quarter++) {
  await runCycles(cycles / 4);
  quarters.push(await measure());
}
const seconds = (performance.now() - start) / 1000;
await until(() => descriptors() <= before.descriptors);
const after = await measure();
await tell({ before, quarters, after, seconds, counts });
process.disconnect();

async function runCycles(count) {
  const end = next + count;
  const lane = async () => {
    while (next < end) {
      const number = next++;
      // A step that has no factor in common with 100: neighbours differ.
      const { name, run } = schedule[(number * 37) % schedule.length];
      await run(name === 'refused' ? refusedAddress : addresses[number % addresses.length]);
      counts[name] = (counts[name] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

async function echo(address) {
  const socket = connect(address);
  const writer = socket.writable.getWriter();
  const reader = socket.readable.getReader();
  await writer.write('echo');
  expect('echo', await readText(reader));
  await socket.close();
}

async function endedByPeer(address) {
  const socket = connect(address);
  await socket.writable.getWriter().write('end');
  let text = '';
  for await (const chunk of socket.readable) text += Buffer.from(chunk);
  expect('end', text);
  await socket.closed;
}

async function idle(address) {
  const socket = connect(address);
  await socket.opened;
  await socket.close();
}

async function reset(address) {
  const socket = connect(address);
  await socket.writable.getWriter().write('reset');
  const reader = socket.readable.getReader();
  expect('ECONNRESET', await reader.read().catch((error) => error.code));
  await socket.closed;
}

async function refused(address) {
  const socket = connect(address);
  expect('ECONNREFUSED', await socket.opened.catch((error) => error.code));
}

async function pending(address) {
  const socket = connect(address);
  const reading = socket.readable.getReader().read();
  const writing = socket.writable.getWriter().write('never');
  writing.catch(() => {});
  await socket.close();
  expect(true, (await reading).done);
}

async function readText(reader) {
  const { value } = await reader.read();
  return Buffer.from(value).toString();
}

function expect(expected, actual) {
  if (actual !== expected) throw new Error(`expected ${expected}, got ${actual}`);
}

async function measure() {
  await collect();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { descriptors: descriptors(), rss, heapUsed, external, arrayBuffers };
}
