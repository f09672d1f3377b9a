// Projects of their own, with this package installed in them as npm would.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What runs longer than this hangs. */
const DEADLINE = 180_000;

/**
 * A copy of a folder with projects. It is made where Git looks at nothing and all the development dependencies are found,
 * because bundlers don't like what lies outside of the folder with the lock file.
 *
 * @param {string} fixtures
 */
export function install(fixtures) {
  const target = join(root, 'target');
  mkdirSync(target, { recursive: true });
  const folder = mkdtempSync(join(target, 'projects-'));
  const ours = join(folder, 'node_modules', 'winter-sockets');
  for (const file of publishedFiles()) cpSync(join(root, file), join(ours, file), { recursive: true });
  cpSync(fixtures, folder, { recursive: true });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Those of the package, and the binaries, which have packages of their own on npm. */
function publishedFiles() {
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const binaries = readdirSync(join(root, 'native')).filter((name) => name.endsWith('.node'));
  const paths = ['package.json', ...files, ...binaries.map((name) => join('native', name))];
  return paths.filter((path) => existsSync(join(root, path)));
}

/**
 * Runs a command line as npm runs scripts: with the commands of dependencies in the path.
 *
 * @param {string} command
 * @param {{ cwd: string, env?: Record<string, string | undefined> }} options
 */
export async function runScript(command, { cwd, env }) {
  const path = [join(root, 'node_modules', '.bin'), dirname(process.execPath), process.env.PATH];
  const child = spawn(command, {
    cwd,
    env: { ...process.env, ...env, PATH: path.join(delimiter) },
    shell: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEADLINE,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  }
  const [code, signal] = await once(child, 'close');
  return { code, signal, output };
}
