// The churn: so many lanes, each of which makes one connection after another, and what came of them.

import { setTimeout as delay } from 'node:timers/promises';

import { kinds } from './kinds.mjs';

/**
 * @typedef {import('./kinds.mjs').Kind} Kind
 * @typedef {import('./meter.mjs').Rest} Rest
 */

/** A connection that does not end in so much time, after everybody was told to end, hangs. */
const PATIENCE = 120_000;

export class Churn {
  /** Connections that are under way. */
  open = 0;
  made = 0;
  received = 0;
  sent = 0;
  /** Errors by code, those that belong to their kind included. @type {Map<string, number>} */
  errors = new Map();
  /** Errors that don't. @type {Set<string>} */
  surprises = new Set();
  #isOver = false;
  #turn = 0;
  #context;

  /** @param {import('./servers.mjs').Ports} ports */
  constructor(ports) {
    this.#context = {
      ports,
      host: () => ports.hosts[this.#turn++ % ports.hosts.length] ?? '',
      /** @param {number} most */
      think: async (most) => {
        if (!this.#isOver) await delay(Math.random() * most);
      },
      isOver: () => this.#isOver,
      /** @param {number} bytes */
      received: (bytes) => void (this.received += bytes),
      /** @param {number} bytes */
      sent: (bytes) => void (this.sent += bytes),
    };
  }

  /**
   * Makes connections of each kind.
   *
   * @param {number} times
   */
  async each(times) {
    for (let i = 0; i < times; i++) await Promise.all(kinds.map((kind) => this.#connect(kind)));
  }

  /** Forgets what was counted. */
  begin() {
    this.made = this.received = this.sent = 0;
    this.errors.clear();
  }

  /**
   * Keeps so many connections going until `end()` is called.
   *
   * @param {number} count
   */
  async run(count) {
    await Promise.all(Array.from({ length: count }, () => this.#lane()));
  }

  /** Lets the connections that there are come to their end; what does not is still `open` then. */
  end() {
    this.#isOver = true;
    return delay(PATIENCE, undefined, { ref: false });
  }

  async #lane() {
    // Not all of them at the same moment, which is a test of its own.
    await this.#context.think(10_000);
    while (!this.#isOver) await this.#connect(pick());
  }

  /** @param {Kind} kind */
  async #connect({ name, run, codes = [] }) {
    this.open++;
    this.made++;
    try {
      await run(this.#context);
    } catch (error) {
      const { code = 'none', message = '' } = /** @type {{ code?: string, message?: string }} */ (error);
      this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
      if (!codes.includes(code)) this.surprises.add(`${name}: ${code}: ${message}`);
    } finally {
      this.open--;
    }
  }

  /**
   * @param {Rest} before
   * @param {Rest} after
   * @param {number} minutes
   */
  summary(before, after, minutes) {
    const errors = [...this.errors].map(([code, count]) => `${code} ${count.toLocaleString('en')}`);
    return [
      `${this.made.toLocaleString('en')} connections in ${minutes} minutes`,
      `${gib(this.received)} received, ${gib(this.sent)} sent`,
      `errors by code: ${errors.join(', ') || 'none'}`,
      `errors that should not have been: ${this.surprises.size}`,
      `at the start and at the end: RSS ${before.rss} and ${after.rss} MiB`,
      `heap ${before.heap} and ${after.heap} MiB`,
      `descriptors ${before.descriptors} and ${after.descriptors}`,
    ].join('; ');
  }
}

/** One of the kinds, as often as its share says. */
function pick() {
  let at = Math.random() * kinds.reduce((sum, { share }) => sum + share, 0);
  const found = kinds.find(({ share }) => (at -= share) < 0);
  return found ?? /** @type {Kind} */ (kinds[0]);
}

/** @param {number} bytes */
function gib(bytes) {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}
