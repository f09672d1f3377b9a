// Runs a workload in a process of its own, in which nothing happens that does not happen each time.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('program.js', import.meta.url));

/**
 * V8 compiles and collects in one thread, at once when it has to, and has room for what is allocated without collecting at
 * all.
 */
const QUIET = [
  '--single-threaded',
  '--no-incremental-marking',
  '--min-semi-space-size=64',
  '--max-semi-space-size=64',
];

/**
 * @typedef {object} What
 * @property {{ address: string, ca?: string }} [peer] With none the streams are bare ones, see `bare.js`.
 * @property {keyof typeof import('./workloads.js').workloads} workload
 * @property {keyof typeof import('./meters.js').meters} meter
 * @property {number} warmUp How often the workload runs before something is counted.
 * @property {number} count
 *
 * @typedef {object} How
 * @property {string[]} [prefix] A command that runs another one.
 * @property {string[]} [flags] Of Node.
 * @property {boolean} [isFast] Whether readers and writers may take the short way; by default as the environment says.
 * @property {(word: string, pid: number) => Promise<unknown>} [answer] What to do before the meter `dialogue` goes on.
 */

/**
 * @param {import('node:test').TestContext} t
 * @param {What} what
 * @param {How} [how]
 * @returns {Promise<Record<string, number>>} What the workload and the meter say.
 */
export async function measure(t, what, { prefix = [], flags = [], isFast, answer } = {}) {
  const argv = [...prefix, process.execPath, ...QUIET, ...flags, program, JSON.stringify(what)];
  const env = { ...process.env, WINTER_SOCKETS_REACTOR: '' };
  if (isFast !== undefined) env.WINTER_SOCKETS_FAST_PATH = isFast ? '1' : '0';
  const child = spawn(argv[0], argv.slice(1), { env });
  t.after(() => child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const goOn = async (word) => {
    try {
      await answer(word, child.pid);
      child.stdin.write('go on\n');
    } catch (error) {
      stderr += error.message;
      child.kill('SIGKILL');
    }
  };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
    if (answer !== undefined && /^(begin|end)\n$/.test(text)) goOn(text.trim());
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, `${what.workload} failed:\n${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}
