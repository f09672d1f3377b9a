// Makes a checkout ready to run: installs what is missing, builds what is out of date. Says nothing when there is nothing
// to do.

import { readFileSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

import { root, run, runNpm, seconds } from './commands.mjs';

requireNode();
install();
build();

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`winter-sockets needs Node 20.19 or newer; this is Node ${process.versions.node}.`);
  }
}

function install() {
  // npm writes this file at the end of each installation, so its time is when that was.
  if (changed('node_modules/.package-lock.json') >= changed('package-lock.json')) return;
  step('Installing the development dependencies (npm ci)', () => runNpm(['ci', '--no-audit', '--no-fund']));
}

function build() {
  const addon = join('native', addonName());
  const sources = ['Cargo.toml', 'Cargo.lock', 'build.rs', ...filesBelow('src')];
  const newest = Math.max(...sources.map(changed));
  if (changed(addon) >= newest) return;

  if (run('cargo', ['--version'], { quiet: true }).missing) {
    fail(
      'Building the addon needs Rust, and there is no `cargo` here.\n' +
        'Install it with rustup, from https://rustup.rs, and open a new terminal.',
    );
  }
  step('Building the addon (npm run build)', () => runNpm(['run', '--silent', 'build']));
  if (changed(addon) === 0) {
    fail(`The build succeeded, but made no ${addon}, which is what Node ${process.arch} needs here.`);
  }
  // Cargo may have found that only the times had changed, and copied an old file.
  utimesSync(join(root, addon), new Date(), new Date());
}

/** The file that the loader in `native/` looks for on this machine. */
function addonName() {
  const { platform, arch } = process;
  const { napi } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const abi = platform === 'linux' ? (usesMusl() ? '-musl' : '-gnu') : platform === 'win32' ? '-msvc' : '';
  return `${napi.binaryName}.${platform}-${arch}${abi}.node`;
}

function usesMusl() {
  const { report } = process;
  // Else the report looks up the names of all network peers, which takes seconds. (The types don't know it yet.)
  Object.assign(report, { excludeNetwork: true });
  const { header } = /** @type {{ header: object }} */ (report.getReport());
  return !('glibcVersionRuntime' in header);
}

/**
 * @param {string} title
 * @param {() => import('./commands.mjs').Result} action
 */
function step(title, action) {
  console.error(`${title} …`);
  const start = performance.now();
  const { ok, status } = action();
  if (!ok) fail(`${title} failed.`, status);
  console.error(`${title}: done in ${seconds(start)}`);
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function filesBelow(folder) {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/**
 * When a file was changed, in milliseconds; 0 when it is not there.
 *
 * @param {string} path Absolute, or relative to the root.
 */
function changed(path) {
  const full = path.startsWith(root) ? path : join(root, path);
  return statSync(full, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message, status = 1) {
  console.error(message);
  process.exit(status);
}
