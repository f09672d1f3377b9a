// What is measured while the soak goes on, and before and after it.

import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How often the event loop is asked whether it is late, in milliseconds; the histogram counts that time as well. */
const RESOLUTION = 10;

/** A few rounds, since closing takes turns of the event loop, and weak references take collections. */
const ROUNDS = 50;

/**
 * @typedef {object} Sample
 * @property {number} time Seconds since the beginning.
 * @property {number} throughput MiB per second, both directions.
 * @property {number} rate Connections per second.
 * @property {number} open Connections that are under way.
 * @property {number} p50 Milliseconds by which the event loop is late.
 * @property {number} p99
 * @property {number} max
 * @property {number} rss MiB.
 * @property {number} descriptors
 *
 * @typedef {{ rss: number, heap: number, descriptors: number }} Rest
 */

export class Meter {
  static heading =
    '   time |  MiB/s | conn/s |  open | loop delay p50/p99/max, ms | busy | RSS, MiB | descriptors';

  /** @type {Sample[]} */
  samples = [];
  #churn;
  #delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  #start = performance.now();
  #last = { time: performance.now(), bytes: 0, made: 0, busy: performance.eventLoopUtilization() };

  /** @param {import('./churn.mjs').Churn} churn */
  constructor(churn) {
    this.#churn = churn;
  }

  /** Takes a sample, and gives it as a line. */
  sample() {
    const { received, sent, made, open } = this.#churn;
    const [time, bytes] = [performance.now(), received + sent];
    const seconds = (time - this.#last.time) / 1000;
    const busy = performance.eventLoopUtilization(this.#last.busy).utilization;
    const { rss, descriptors } = gauges();
    const sample = {
      time: (time - this.#start) / 1000,
      throughput: (bytes - this.#last.bytes) / 2 ** 20 / seconds,
      rate: (made - this.#last.made) / seconds,
      open,
      p50: lateness(this.#delay.percentile(50)),
      p99: lateness(this.#delay.percentile(99)),
      max: lateness(this.#delay.max),
      rss,
      descriptors,
    };
    this.#last = { time, bytes, made, busy: performance.eventLoopUtilization() };
    this.#delay.reset();
    this.samples.push(sample);
    const delays = [sample.p50, sample.p99, sample.max].map((ms) => ms.toFixed(1)).join(' / ');
    return [
      `${sample.time.toFixed(0).padStart(5)} s`,
      sample.throughput.toFixed(1).padStart(6),
      sample.rate.toFixed(0).padStart(6),
      `${open}`.padStart(5),
      delays.padStart(27),
      `${(busy * 100).toFixed(0)} %`.padStart(4),
      `${rss}`.padStart(8),
      `${descriptors}`.padStart(11),
    ].join(' | ');
  }

  /**
   * What the process holds when nothing is under way.
   *
   * @param {number} [descriptors] How many there should be; more get some time to go.
   * @returns {Promise<Rest>}
   */
  async rest(descriptors = Infinity) {
    setFlagsFromString('--expose-gc');
    /** @type {() => void} */
    const collect = runInNewContext('gc');
    for (let round = 0; round < ROUNDS; round++) {
      collect();
      await new Promise((done) => setTimeout(done, 20));
    }
    for (let wait = 0; wait < 100 && gauges().descriptors > descriptors; wait++)
      await new Promise((done) => setTimeout(done, 100));
    this.#start = performance.now();
    this.#last = { time: this.#start, bytes: 0, made: 0, busy: performance.eventLoopUtilization() };
    this.#delay.enable();
    this.#delay.reset();
    return { ...gauges(), heap: Math.round(process.memoryUsage().heapUsed / 2 ** 20) };
  }
}

function gauges() {
  // Only Linux tells; reading the folder takes one itself.
  const descriptors = process.platform === 'linux' ? readdirSync('/proc/self/fd').length - 1 : 0;
  return { rss: Math.round(process.memoryUsage.rss() / 2 ** 20), descriptors };
}

/** @param {number} nanoseconds */
function lateness(nanoseconds) {
  return Math.max(0, nanoseconds / 1e6 - RESOLUTION);
}
