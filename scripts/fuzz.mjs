// Fuzzes the Rust code that is given bytes from outside; fuzz/src/lib.rs lists the targets.
//
//   node scripts/fuzz.mjs                     all targets, 5 minutes each
//   node scripts/fuzz.mjs session link        these
//   node scripts/fuzz.mjs --seconds=3600 link
//   node scripts/fuzz.mjs --smoke             all seeds, and a few seconds of mutations: for CI
//
// It takes a nightly toolchain and cargo-fuzz (`cargo install cargo-fuzz`); the smoke test takes neither. What makes a
// target fail is left in fuzz/artifacts/; made small by `cargo +nightly fuzz tmin <target> <file>`, it belongs in
// fuzz/seeds/<target>/, which every run begins with.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { root, run } from './commands.mjs';

/** Each with the longest input that is worth its time. */
const TARGETS = { names: 100, settings: 8000, certificates: 600, session: 400, link: 300 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { smoke: { type: 'boolean' }, seconds: { type: 'string' } },
});

process.exit(values.smoke ? smoke() : fuzz());

/** With the dependencies that `cargo test` has built. */
function smoke() {
  const env = { ...process.env, CARGO_TARGET_DIR: targetFolder() };
  const manifest = join('fuzz', 'Cargo.toml');
  const program = ['run', '--quiet', '--locked', '--manifest-path', manifest, '--bin', 'smoke'];
  return run('cargo', [...program, '--', values.seconds ?? '5'], { env }).status;
}

function fuzz() {
  const unknown = positionals.filter((name) => !(name in TARGETS));
  if (unknown.length > 0) {
    console.error(`No such target: ${unknown.join(', ')}. There are ${Object.keys(TARGETS).join(', ')}.`);
    return 1;
  }
  if (!run('cargo', ['+nightly', 'fuzz', '--version'], { quiet: true }).ok) {
    console.error('Fuzzing takes a nightly toolchain (rustup toolchain install nightly) and cargo-fuzz');
    console.error('(cargo install cargo-fuzz). `node scripts/fuzz.mjs --smoke` does without.');
    return 1;
  }
  let status = 0;
  for (const [name, longest] of Object.entries(TARGETS)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const corpus = join('fuzz', 'corpus', name);
    mkdirSync(join(root, corpus), { recursive: true });
    const what = ['+nightly', 'fuzz', 'run', name, corpus, join('fuzz', 'seeds', name)];
    const limits = [`-max_total_time=${values.seconds ?? '300'}`, `-max_len=${longest}`, '-timeout=30'];
    status ||= run('cargo', [...what, '--', ...limits, '-print_final_stats=1']).status;
  }
  return status;
}

function targetFolder() {
  return process.env['CARGO_TARGET_DIR'] ?? join(root, 'target');
}
