'use strict';

// The hook behind `winter-sockets/register`. On Node 20 it runs on the thread of the hooks too, where everything is
// asynchronous.

const { pathToFileURL } = require('node:url');

/** @import { ResolveFnOutput, ResolveHookContext } from 'node:module' */
/** @typedef {ResolveFnOutput | Promise<ResolveFnOutput>} Result */

const NOT_INSTALLED = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

/** CommonJS, whoever asks, so that there is one instance for all of them. */
const ours = {
  url: pathToFileURL(require.resolve('../index.js')).href,
  format: 'commonjs',
  shortCircuit: true,
};

/**
 * @param {string} specifier
 * @param {ResolveHookContext} context
 * @param {(specifier: string, context?: ResolveHookContext) => Result} nextResolve
 */
function resolve(specifier, context, nextResolve) {
  if (specifier === 'cloudflare:sockets') return ours;
  if (specifier !== '@arrowood.dev/socket') return nextResolve(specifier, context);
  try {
    const found = nextResolve(specifier, context);
    return found instanceof Promise ? found.catch(oursInstead) : found;
  } catch (error) {
    return oursInstead(error);
  }
}

/** @param {any} error */
function oursInstead(error) {
  if (NOT_INSTALLED.has(error?.code)) return ours;
  throw error;
}

exports.resolve = resolve;
