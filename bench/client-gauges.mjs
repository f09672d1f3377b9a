/** What can be seen in a client's own process while a workload runs. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { median } from './statistics.mjs';

/** Connections that come and go first, so that what is loaded, compiled and cached once does not count. */
const WARM_UP = 192;

/** How often the event loop's delay is looked at: it varies from one time to the next. */
const BURSTS = 10;

/** In milliseconds. */
const RESOLUTION = 1;

/** For how long a timer's lateness is looked at, in milliseconds: some hundred times at least. */
const LATENESS_PERIOD = 2000;

/**
 * @typedef {() => Promise<import('./workloads/connect-api.mjs').Lane>} Open
 * @typedef {(open: Open, amount: number) => Promise<number>} Gauge
 */

/** @satisfies {Record<string, Gauge>} */
export const GAUGES = { memory, delay, lateness };

/**
 * The resident memory that an operation takes until the workload is closed, in KiB.
 *
 * @type {Gauge}
 */
async function memory(open, amount) {
  await warmUp(open);
  const before = await residentBytes();
  const lane = await open();
  await lane.run(amount);
  const after = await residentBytes();
  await lane.close();
  return (after - before) / amount / 1024;
}

/**
 * For how long nothing else gets its turn while that many operations go on, at worst, in milliseconds.
 *
 * @type {Gauge}
 */
async function delay(open, amount) {
  await warmUp(open);
  const lane = await open();
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  const worst = [];
  for (let i = 0; i < BURSTS; i++) {
    histogram.enable();
    await sleep(10 * RESOLUTION);
    histogram.reset();
    await lane.run(amount);
    // The last of it counts once the histogram's timer has had its turn.
    await sleep(2 * RESOLUTION);
    histogram.disable();
    worst.push(histogram.max / 1e6 - RESOLUTION);
  }
  await lane.close();
  return median(worst);
}

/**
 * By how much a timer of a millisecond is late while that many operations go on, again and again: the 99th of a hundred,
 * in milliseconds.
 *
 * @type {Gauge}
 */
async function lateness(open, amount) {
  await runOnce(open, amount, () => {});
  /** @type {number[]} */
  const late = [];
  const start = performance.now();
  while (performance.now() - start < LATENESS_PERIOD) {
    await runOnce(open, amount, (lateBy) => late.push(lateBy));
  }
  return late.sort((a, b) => a - b)[Math.floor(0.99 * late.length)];
}

/**
 * @param {Open} open
 * @param {number} amount
 * @param {(lateBy: number) => void} note
 */
async function runOnce(open, amount, note) {
  const lane = await open();
  let due = performance.now() + RESOLUTION;
  const noteLateness = () => note(Math.max(0, performance.now() - due));
  const timer = setTimeout(() => {
    noteLateness();
    due = performance.now() + RESOLUTION;
    timer.refresh();
  }, RESOLUTION);
  await lane.run(amount);
  clearTimeout(timer);
  // It may not have had its turn at all.
  if (performance.now() > due) noteLateness();
  await lane.close();
}

/** @param {Open} open */
async function warmUp(open) {
  const lane = await open();
  await lane.run(WARM_UP);
  await lane.close();
}

async function residentBytes() {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  // What a finalizer lets go, the second time collects.
  for (let i = 0; i < 2; i++) {
    collect();
    await turn();
  }
  return process.memoryUsage.rss();
}
