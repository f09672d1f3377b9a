// Runs the JavaScript tests with the Node that runs this script.
//
//   node scripts/test-js.mjs                 all of them
//   node scripts/test-js.mjs address close   the files whose names contain one of these
//   node scripts/test-js.mjs --without=types the files whose names don't contain this
//   node scripts/test-js.mjs --test-name-pattern=FIN   whatever else `node --test` takes
//
// Where the variable CI is set a skipped test is a failure, unless --allow-skips is given.

import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { root, run, seconds } from './commands.mjs';

const args = process.argv.slice(2);
const allowSkips = args.includes('--allow-skips');
const leftOut = args
  .filter((arg) => arg.startsWith('--without='))
  .map((arg) => arg.slice('--without='.length));
const isOurs = (/** @type {string} */ arg) => arg === '--allow-skips' || arg.startsWith('--without=');
const flags = args.filter((arg) => arg.startsWith('-') && !isOurs(arg));
const filters = args.filter((arg) => !arg.startsWith('-'));

const files = testFiles();
if (files.length === 0) {
  console.error(`No file below __test__ has a name with ${filters.join(' or ')}.`);
  process.exit(1);
}

const start = performance.now();
const { status, totals } = runTests();
if (totals === undefined) {
  console.error('The test runner ended without a result.');
  process.exit(status || 1);
}

const { tests, pass, fail, cancelled, todo, skippedNames, failures } = totals;
// The runner counts a skipped suite as nothing.
const skipped = skippedNames.length;
const counts = `${tests} tests, ${pass} passed, ${fail + cancelled} failed, ${skipped} skipped, ${todo} to do`;
console.log(`\nJavaScript tests on Node ${process.versions.node}: ${counts} (${seconds(start)})`);
for (const failure of failures) console.log(`Failed on Node ${process.versions.node}: ${failure}`);

// For whoever runs us and wants the figures.
const summary = process.env['TEST_SUMMARY_FILE'];
if (summary) writeFileSync(summary, JSON.stringify({ ...totals, skipped, duration: seconds(start) }));

if (skipped > 0) console.log(`Skipped:\n${skippedNames.map((name) => `  ${name}\n`).join('')}`);
if (skipped > 0 && process.env['CI'] && !allowSkips) {
  console.error('No test may be skipped where the variable CI is set.');
  process.exit(status || 1);
}
process.exit(status);

function testFiles() {
  return readdirSync(join(root, '__test__'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js'))
    .filter((name) => filters.length === 0 || filters.some((filter) => name.includes(filter)))
    .filter((name) => !leftOut.some((other) => name.includes(other)))
    .map((name) => join('__test__', name))
    .toSorted()
    .toSorted((a, b) => Number(isLong(b)) - Number(isLong(a)));
}

/**
 * Whether a file takes as long as many others, which had better run beside it than before it.
 *
 * @param {string} file
 */
function isLong(file) {
  return file.endsWith('tokio-reactor.test.js');
}

function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'winter-sockets-test-'));
  const totalsFile = join(folder, 'totals.json');
  try {
    const result = run(process.execPath, [
      '--expose-gc',
      '--test',
      // A hang fails with the name of its file.
      '--test-timeout=600000',
      // Tests mostly wait; more than that, and those that measure memory see each other.
      '--test-concurrency=2',
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      `--test-reporter=${pathToFileURL(join(root, 'scripts', 'totals-reporter.mjs')).href}`,
      `--test-reporter-destination=${totalsFile}`,
      ...flags,
      ...files,
    ]);
    return { status: result.status, totals: parseTotals(totalsFile) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} path
 * @returns {import('./totals-reporter.mjs').Totals | undefined}
 */
function parseTotals(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
