'use strict';

// The hook behind `winter-sockets/register/workerd`: packages that have a build for Workers give that one.

/** @import { ResolveFnOutput, ResolveHookContext } from 'node:module' */
/** @typedef {ResolveFnOutput | Promise<ResolveFnOutput>} Result */

/**
 * @param {string} specifier
 * @param {ResolveHookContext} context
 * @param {(specifier: string, context?: ResolveHookContext) => Result} nextResolve
 */
function resolve(specifier, context, nextResolve) {
  return nextResolve(specifier, { ...context, conditions: ['workerd', ...context.conditions] });
}

exports.resolve = resolve;
