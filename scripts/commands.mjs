// How the scripts run other programs. Only `node:` imports: they must work before anything is installed.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const onWindows = process.platform === 'win32';

/**
 * @typedef {object} Result
 * @property {boolean} ok
 * @property {number} status The exit code; 1 when there is none.
 * @property {boolean} missing Whether the program is not there.
 * @property {string} output What it printed, when `quiet` was asked for.
 */

/**
 * @typedef {object} RunOptions
 * @property {boolean} [quiet] Collects the output in place of showing it.
 * @property {NodeJS.ProcessEnv} [env]
 */

/**
 * Runs a program in the root of the repository, and waits for it.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {RunOptions & { shell?: boolean }} [options]
 * @returns {Result}
 */
export function run(program, args, { quiet = false, env = process.env, shell = false } = {}) {
  const { error, status, stdout, stderr } = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    env,
    maxBuffer: 2 ** 28,
    shell,
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
  });
  const missing = error !== undefined && 'code' in error && error.code === 'ENOENT';
  if (error !== undefined && !missing) throw error;
  if (missing && !quiet) console.error(`There is no \`${program}\` here.`);
  return { ok: status === 0, status: status ?? 1, missing, output: `${stdout ?? ''}${stderr ?? ''}` };
}

/**
 * Runs a JavaScript file with the Node that runs us.
 *
 * @param {string} script Relative to the root.
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 */
export function runScript(script, args, options) {
  return run(process.execPath, [join(root, script), ...args], options);
}

/**
 * Runs npm; the one that runs us if there is one.
 *
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 */
export function runNpm(args, options) {
  const npm = process.env['npm_execpath'];
  if (npm?.endsWith('npm-cli.js')) return run(process.execPath, [npm, ...args], options);
  // npm is a batch file on Windows, which only a shell can run.
  return run('npm', args, { ...options, shell: onWindows });
}

/**
 * Runs a program that a development dependency brings.
 *
 * @param {string} name
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 */
export function runTool(name, args, options) {
  const program = join(root, 'node_modules', '.bin', onWindows ? `${name}.cmd` : name);
  return run(program, args, { ...options, shell: onWindows });
}

/**
 * Says how long something took.
 *
 * @param {number} since A time of `performance.now()`.
 */
export function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
