'use strict';

// The only importer of the generated binding; explains a load that failed.

const { existsSync } = require('node:fs');

const { arch, platform, version, versions } = process;

/**
 * Loads the binary, which takes as long as all the rest of an import: with the first socket is early enough.
 *
 * @returns {typeof import('../native/binding.js')}
 */
function load() {
  try {
    return require('../native/binding.js');
  } catch (error) {
    throw explain(error);
  }
}

/** @param {unknown} cause */
function explain(cause) {
  if (isForbidden()) {
    const message =
      'winter-sockets is a native addon, and this process may not load any: with --permission it needs --allow-addons, ' +
      'and --no-addons has to go.';
    return Object.assign(new Error(message, { cause }), { code: 'ERR_DLOPEN_DISABLED' });
  }
  const target = `${platform}-${arch}${isMusl() ? ' (musl)' : ''}`;
  /** @type {Error & { code?: string }} */
  const error = new Error(
    `winter-sockets has no native binary for ${target}, Node.js ${version}. ` +
      'If this platform is in the table of the README, install again without --omit=optional (--no-optional), on this ' +
      'machine, so that the platform package comes with it. Otherwise build it: with a Rust toolchain ' +
      '(https://rustup.rs), run `npm install && npm run build` in a clone of the repository.',
    { cause },
  );
  error.code = 'ERR_DLOPEN_FAILED';
  return error;
}

/** Whether Node loads no addon at all. The generated binding keeps the message of its refusal, but not the code. */
function isForbidden() {
  try {
    // No addon, so that nothing comes of it.
    process.dlopen({ exports: {} }, __filename);
  } catch (error) {
    return Reflect.get(Object(error), 'code') === 'ERR_DLOPEN_DISABLED';
  }
  return false;
}

/** The oldest Node that this is tested with; as in `package.json`. */
function checkVersion() {
  const [major, minor] = versions.node.split('.', 2).map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  const error = new Error(`winter-sockets needs Node.js 20.19 or newer; this is Node.js ${version}`);
  throw Object.assign(error, { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
}

function isMusl() {
  if (platform !== 'linux') return false;
  const header = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (
    process.report?.getReport() ?? {}
  ).header;
  return header !== undefined && header.glibcVersionRuntime === undefined;
}

/** Whether there seems to be a binary. That it is the right one, and works, only the binding can tell. */
function seemsToBeThere() {
  const abis = { linux: ['-gnu', '-musl'], win32: ['-msvc'] }[/** @type {string} */ (platform)] ?? [''];
  const targets = abis.map((abi) => `${platform}-${arch}${abi}`);
  return (
    targets.some((target) => existsSync(`${__dirname}/../native/winter-sockets.${target}.node`)) ||
    targets.some((target) => isInstalled(`winter-sockets-${target}`))
  );
}

/** @param {string} name */
function isInstalled(name) {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Bun has no libuv behind its Node-API; elsewhere the switch serves the tests of the other reactor. */
const usesTokio = versions.bun !== undefined || process.env.WINTER_SOCKETS_REACTOR === 'tokio';

/** Read when Node reads it: at the start. */
const extraCaFile = process.env.NODE_EXTRA_CA_CERTS || undefined;

// What can't work is told of at once.
checkVersion();
if (!seemsToBeThere()) load();

exports.load = load;
exports.extraCaFile = extraCaFile;
exports.usesTokio = usesTokio;
