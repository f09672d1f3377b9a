'use strict';

// The only importer of the generated binding; explains a load that failed.

const { arch, platform, report, version, versions } = process;

/** @returns {typeof import('../native/binding.js')} */
function load() {
  try {
    return require('../native/binding.js');
  } catch (error) {
    throw explain(error);
  }
}

/** @param {unknown} cause */
function explain(cause) {
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

function isMusl() {
  if (platform !== 'linux') return false;
  const header = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (report?.getReport() ?? {})
    .header;
  return header !== undefined && header.glibcVersionRuntime === undefined;
}

/** Bun has no libuv behind its Node-API; elsewhere the switch serves the tests of the other reactor. */
const usesTokio = versions.bun !== undefined || process.env.WINTER_SOCKETS_REACTOR === 'tokio';

const { Core, TlsConfig } = load();

exports.Core = Core;
exports.TlsConfig = TlsConfig;
exports.usesTokio = usesTokio;
