// Processes of their own, for what only the end of a process shows.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The package's own folder, where its name resolves. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A process that runs longer than this hangs. */
const DEADLINE = 40_000;

/**
 * Runs a function in a process of its own, and waits for its end.
 *
 * @param {import('node:test').TestContext} t
 * @param {(modules: Modules, ...args: any[]) => unknown} main Has nothing of what surrounds it.
 * @param {Options} [options]
 * @returns {Promise<Ending>}
 *
 * @typedef {typeof import('winter-sockets') & { net: typeof import('node:net') }} Modules
 * @typedef {object} Options
 * @property {unknown[]} [args] Go as JSON.
 * @property {string[]} [flags] Of Node.
 * @property {Record<string, string>} [env] Added to that of this process.
 * @property {string[]} [prefix] A command that runs another one.
 *
 * @typedef {{ code: number | null, signal: string | null, stdout: string, stderr: string }} Ending
 */
export function run(t, main, options) {
  return start(t, main, options).ended;
}

/**
 * Starts a function in a process of its own.
 *
 * @param {import('node:test').TestContext} t
 * @param {(modules: Modules, ...args: any[]) => unknown} main
 * @param {Options} [options]
 */
export function start(t, main, { args = [], flags = [], env = {}, prefix = [] } = {}) {
  const source = `
    import * as sockets from 'winter-sockets';
    import net from 'node:net';
    (${main})({ ...sockets, net }, ...${JSON.stringify(args)});
  `;
  const [command, ...rest] = [...prefix, process.execPath, ...flags, '--input-type=module', '--eval', source];
  const child = spawn(command, rest, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const deadline = setTimeout(() => child.kill('SIGKILL'), DEADLINE);
  t.after(() => child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => (output[name] += text));
  }
  const lines = createInterface({ input: child.stdout });
  const iterator = lines[Symbol.asyncIterator]();
  const ended = once(child, 'close').then(([code, signal]) => {
    clearTimeout(deadline);
    return { code, signal, ...output };
  });
  return {
    ended,
    kill: () => child.kill('SIGKILL'),
    /** The next line that the process prints; `undefined` when it prints no more. */
    line: async () => (await iterator.next()).value,
  };
}
