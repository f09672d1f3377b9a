'use strict';

// Hooks into how modules are found, on each version of Node.

const Module = require('node:module');
const { pathToFileURL } = require('node:url');

const { register, registerHooks } = Module;

/** Whether Node shows the hooks all that CommonJS looks for. @type {boolean | undefined} */
let seesRequire;

/**
 * Adds a hook to this thread. Adding one again changes nothing, because each does its work once per request, whatever the
 * number of them.
 *
 * @param {string} file A module with a function `resolve`, as Node's own hooks have it.
 */
function addHook(file) {
  const { resolve } = require(file);
  // From Node 22.15 on. The others have hooks on a thread of their own.
  if (registerHooks) registerHooks({ resolve });
  else if (register) register(pathToFileURL(file));
  else throw unsupportedNode();
  // Those see nothing of `require()`, and on Node 22 the former see nothing of `require.resolve()`.
  seesRequire ??= findsSockets();
  if (!seesRequire) require('./require-hook.js').addRequireHook(resolve);
}

function findsSockets() {
  try {
    return require.resolve('cloudflare:sockets') === require.resolve('../index.js');
  } catch {
    return false;
  }
}

function unsupportedNode() {
  const error = new Error(
    `winter-sockets/register needs Node.js 20.19 or newer; this is Node.js ${process.version}.`,
  );
  return Object.assign(error, { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
}

exports.addHook = addHook;
