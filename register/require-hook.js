'use strict';

// Hooks for CommonJS alone, where Node has none: its resolver is replaced by one that asks the hook first. Other packages
// do the same, and so theirs and ours call each other.

const Module = require('node:module');
const { fileURLToPath } = require('node:url');

const { redirect } = require('./conditions.js');

/** @import { ResolveHookSync } from 'node:module' */

/**
 * @typedef {(request: string, parent: NodeJS.Module | null | undefined, isMain?: boolean, options?: object) => string} Resolver
 */

/** @param {ResolveHookSync} resolve */
function addRequireHook(resolve) {
  const { _resolveFilename } = /** @type {{ _resolveFilename: Resolver }} */ (
    /** @type {unknown} */ (Module)
  );

  /** @type {Resolver} */
  const resolveFilename = (request, parent, isMain, options) => {
    /**
     * @param {string} specifier
     * @param {{ conditions?: string[] }} [context]
     * @returns {any} A file in place of a URL, which would be converted back at once.
     */
    const next = (specifier, { conditions = [] } = {}) => {
      const target = redirect(specifier, parent, conditions) ?? specifier;
      return { filename: _resolveFilename.call(Module, target, parent, isMain, options) };
    };
    /** @type {any} */
    const found = resolve(request, { conditions: [], importAttributes: {}, parentURL: undefined }, next);
    return found.filename ?? fileURLToPath(found.url);
  };

  Object.assign(Module, { _resolveFilename: resolveFilename });
}

exports.addRequireHook = addRequireHook;
