// Runs under Miri, which finds undefined behaviour, the Rust tests that call nothing foreign: those of the tables, queues,
// messages, errors and addresses. The others need sockets, the resolver or AWS-LC, which Miri does not interpret;
// scripts/sanitize.mjs is for them. It takes a nightly toolchain with the components miri and rust-src.

import { join } from 'node:path';

import { root, run } from './commands.mjs';

/** What the names of tests begin with. */
const PURE = [
  'engine::table::',
  'error::',
  'net::queue::',
  'reactor::inbox::',
  'net::resolve::tests::literals_need_no_resolver',
  'net::dial::tests::families_alternate',
];

if (!run('cargo', ['+nightly', 'miri', '--version'], { quiet: true }).ok) {
  console.error('There is no Miri: rustup +nightly component add miri rust-src');
  process.exit(1);
}
const target = join(process.env['CARGO_TARGET_DIR'] ?? join(root, 'target'), 'miri');
const env = { ...process.env, CARGO_TARGET_DIR: target };
process.exit(run('cargo', ['+nightly', 'miri', 'test', '--locked', '--', ...PURE], { env }).status);
