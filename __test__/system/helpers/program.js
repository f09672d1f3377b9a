// Runs the programs of `../programs` in processes of their own, so that a crash is a result, descriptors and memory can be
// counted, and an exit can be looked at.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a program ended, and what it said. */
class Program {
  /** @type {any[]} */
  #messages = [];
  /** @type {(() => void) | undefined} */
  #onNews;
  #output = '';
  #isOver = false;

  /**
   * @param {string} name
   * @param {import('node:child_process').ChildProcess} child
   */
  constructor(name, child) {
    this.name = name;
    this.child = child;
    child.stdout.setEncoding('utf8').on('data', (text) => (this.#output += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (this.#output += text));
    child.on('message', (message) => {
      this.#messages.push(message);
      this.#onNews?.();
    });
    // `exit` tells the time, `close` that everything it said has been read.
    const exited = new Promise((resolve) => child.once('exit', () => resolve(performance.now())));
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', async (code, signal) => {
        this.#isOver = true;
        this.#onNews?.();
        resolve({ code, signal, output: this.#output, at: await exited });
      });
    });
  }

  /** The next message that the program sends; rejects if it ends without one. */
  async message() {
    while (this.#messages.length === 0) {
      if (this.#isOver) throw new Error(`${this.name} ended without a word:\n${this.#output}`);
      await new Promise((resolve) => (this.#onNews = resolve));
    }
    return this.#messages.shift();
  }

  /** Waits for the program to end by itself, without an error; what it sent last. */
  async result() {
    const { code, signal, output } = await this.ended;
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, `${this.name} failed:\n${output}`);
    return this.#messages.at(-1);
  }
}

/**
 * Starts a program; it is killed at the latest when the test ends.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} name Of the file in `../programs`.
 * @param {object} [data] What the program finds in `data` of `../programs/parent.js`.
 * @param {object} [limits]
 * @param {number} [limits.descriptors] The most descriptors that it may have open.
 * @param {number} [limits.youngMiB] The most memory for each half of V8's young generation.
 */
export function start(t, name, data = {}, { descriptors, youngMiB } = {}) {
  const path = fileURLToPath(new URL(`../programs/${name}.js`, import.meta.url));
  const args = ['--expose-gc', path, JSON.stringify(data)];
  if (youngMiB !== undefined) args.unshift(`--max-semi-space-size=${youngMiB}`);
  const stdio = ['ignore', 'pipe', 'pipe', 'ipc'];
  const child =
    descriptors === undefined
      ? spawn(process.execPath, args, { stdio })
      : spawn('sh', ['-c', `ulimit -n ${descriptors}; exec "$0" "$@"`, process.execPath, ...args], { stdio });
  const program = new Program(name, child);
  t.after(async () => {
    child.kill('SIGKILL');
    await program.ended;
  });
  return program;
}

/**
 * Runs a program to its end, and gives what it sent last.
 *
 * @param {Parameters<typeof start>} args
 */
export function run(...args) {
  return start(...args).result();
}
