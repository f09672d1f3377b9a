// `npm run lint`: all checks but the tests. Each runs even if one before it failed, and shows its output only then.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { run, runNpm, runScript, runTool, seconds } from './commands.mjs';

/** @typedef {import('./commands.mjs').Result | { skipped: string }} Outcome */

const quiet = { quiet: true };

/** @type {[name: string, check: () => Outcome][]} */
const checks = [
  ['rustfmt', () => run('cargo', ['fmt', '--check'], quiet)],
  ['clippy', () => run('cargo', ['clippy', '--quiet', '--all-targets', '--', '-D', 'warnings'], quiet)],
  ['SAFETY lines', safetyLines],
  ['prettier', () => runTool('prettier', ['--check', '.'], quiet)],
  ['oxlint', () => runTool('oxlint', ['--deny-warnings'], quiet)],
  ['generated files', generatedFiles],
  ['types', () => runTool('tsc', ['--project', 'tsconfig.json'], quiet)],
  ['publint', () => runTool('publint', ['--strict'], quiet)],
  ['attw', () => runTool('attw', ['--pack', '.', '--no-emoji'], quiet)],
  ['cargo deny: crates', () => deny(['bans', 'licenses', 'sources'])],
  ['cargo deny: advisories', advisories],
];

const ready = runScript('scripts/ready.mjs', []);
if (!ready.ok) process.exit(ready.status);

const failed = [];
for (const [name, check] of checks) {
  const start = performance.now();
  const outcome = check();
  if ('skipped' in outcome) {
    console.log(`- ${name}: not run, ${outcome.skipped}`);
  } else if (outcome.ok) {
    console.log(`✓ ${name} (${seconds(start)})`);
  } else {
    failed.push(name);
    console.log(`✗ ${name} (${seconds(start)})`);
    console.log(outcome.missing ? 'It is not installed.' : outcome.output.trimEnd());
  }
}
if (failed.length > 0) {
  console.error(`\nFailed: ${failed.join(', ')}`);
  process.exit(1);
}

/**
 * Clippy asks for them at blocks and implementations, and not at functions.
 *
 * @returns {Outcome}
 */
function safetyLines() {
  const missing = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.rs'))
    .flatMap((name) => functionsWithoutSafety(join('src', name)));
  return { ok: missing.length === 0, status: 1, missing: false, output: missing.join('\n') };
}

/** @param {string} file */
function functionsWithoutSafety(file) {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line, index) => {
    if (!/^ *(pub(\([^)]*\))? )?unsafe (extern "C" )?fn /.test(line)) return [];
    // The comment that ends in the line above, or above the attributes.
    const above = lines.slice(0, index).findLastIndex((text) => !/^ *(#\[|\/\/)/.test(text));
    const isTold = lines.slice(above + 1, index).some((text) => text.includes('// SAFETY:'));
    return isTold ? [] : [`${file}:${index + 1}: ${line.trim()} has no line "// SAFETY:" above it`];
  });
}

/**
 * The loader and the types in `native/` are generated from the Rust code, and committed: a build must not change them.
 *
 * @returns {Outcome}
 */
function generatedFiles() {
  if (!run('git', ['rev-parse', '--is-inside-work-tree'], quiet).ok)
    return { skipped: 'this is no git checkout' };
  const build = runNpm(['run', '--silent', 'build'], quiet);
  if (!build.ok) return build;
  const changed = run('git', ['diff', '--exit-code', 'native'], quiet);
  if (!changed.ok) return changed;
  const added = run('git', ['ls-files', '--others', '--exclude-standard', 'native'], quiet);
  return added.output === '' ? added : { ...added, ok: false, output: `Not committed:\n${added.output}` };
}

/**
 * @returns {Outcome}
 */
function advisories() {
  const result = deny(['advisories']);
  const unreachable =
    'output' in result && /failed to (fetch|load|clone).*advisory database/is.test(result.output);
  // Where there is a network for sure it has to be up.
  if (unreachable && !process.env['GITHUB_ACTIONS'])
    return { skipped: 'the advisory database is out of reach' };
  return result;
}

/**
 * @param {readonly string[]} what
 * @returns {Outcome}
 */
function deny(what) {
  if (!run('cargo', ['deny', '--version'], quiet).ok) {
    return { skipped: 'cargo-deny is not installed (cargo install cargo-deny)' };
  }
  return run('cargo', ['deny', '--all-features', 'check', ...what], quiet);
}
