// Runs the JavaScript tests on an addon that is built with AddressSanitizer. Linux, with gcc, and a nightly toolchain.
//
//   node scripts/sanitize.mjs                 the tests of __test__/, but for those that SKIPPED names
//   node scripts/sanitize.mjs tls- reading    the files whose names contain one of these
//
// Node is not instrumented: the runtime of the sanitizer comes from gcc's libasan by LD_PRELOAD, and intercepts the memory
// functions of the whole process; what Rust code reads and writes is checked, with debug assertions and std's checks of
// the preconditions of its unsafe functions besides. Not checked are AWS-LC, which is C, and memory of V8 that is not from
// malloc. Leaks are not reported, since Node frees little at exit.
//
// A finding ends the process that it is in, and its report is printed at the end. Memory and time are those of a
// sanitizer, so that a test that measures either may fail for that reason.

import { copyFileSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root, run, runScript } from './commands.mjs';

/** They test what is not the addon (types, bundlers, the package), or how fast and how small it is. */
const SKIPPED = /^(bundlers|import-cost|package|register|types|unsupported-node)/;

const TRIPLE = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-unknown-linux-gnu`;

const folder = mkdtempSync(join(tmpdir(), 'winter-sockets-sanitize-'));
try {
  process.exitCode = main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function main() {
  const addon = build();
  if (addon === undefined) return 1;
  const filters = process.argv.slice(2);
  const { ok } = runScript('scripts/test-js.mjs', filters.length > 0 ? filters : defaultFiles(), {
    env: {
      ...process.env,
      NAPI_RS_NATIVE_LIBRARY_PATH: addon,
      LD_PRELOAD: runtime(),
      // Segmentation faults are Node's to handle: V8 provokes some.
      ASAN_OPTIONS: `detect_leaks=0:handle_segv=0:abort_on_error=1:log_path=${join(folder, 'report')}`,
    },
  });
  const reports = readdirSync(folder).filter((name) => name.startsWith('report'));
  for (const name of reports) console.error(readFileSync(join(folder, name), 'utf8'));
  console.log(reports.length === 0 ? 'AddressSanitizer found nothing.' : `${reports.length} findings.`);
  return ok && reports.length === 0 ? 0 : 1;
}

/** @returns {string | undefined} The addon. */
function build() {
  const target = join(process.env['CARGO_TARGET_DIR'] ?? join(root, 'target'), 'sanitize');
  const env = {
    ...process.env,
    CARGO_TARGET_DIR: target,
    RUSTFLAGS: '-Zsanitizer=address -Zexternal-clangrt -Cforce-frame-pointers=yes',
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
    CARGO_PROFILE_RELEASE_DEBUG: 'line-tables-only',
    CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS: 'true',
    CARGO_PROFILE_RELEASE_LTO: 'off',
    CARGO_PROFILE_RELEASE_STRIP: 'none',
  };
  // With a target, so that build scripts and macros are not instrumented: they run without the runtime.
  const { ok } = run('cargo', ['+nightly', 'build', '--locked', '--release', '--target', TRIPLE], { env });
  if (!ok) return undefined;
  // Node loads what has this name.
  const addon = join(folder, 'winter-sockets.node');
  copyFileSync(join(target, TRIPLE, 'release', 'libwinter_sockets.so'), addon);
  return addon;
}

function runtime() {
  const { output } = run('gcc', ['-print-file-name=libasan.so'], { quiet: true });
  return realpathSync(output.trim());
}

function defaultFiles() {
  return readdirSync(join(root, '__test__')).filter(
    (name) => name.endsWith('.test.js') && !SKIPPED.test(name),
  );
}
