'use strict';

// More conditions for `require()` where Node has no way to give it any: on Node 20 its resolver knows those of the command
// line and no others. Only packages that name one of ours are looked into, by the rules of
// https://nodejs.org/api/esm.html#resolution-algorithm-specification, and what these don't find is left to Node.

const { existsSync, readFileSync } = require('node:fs');
const Module = require('node:module');
const { basename, dirname, join } = require('node:path');
const { parseArgs } = require('node:util');

/**
 * Where to go: a path or a name, the first good one of a list, or the first one whose condition holds.
 *
 * @typedef {string | null | Target[] | { [key: string]: Target }} Target
 * @typedef {{ [key: string]: Target }} Targets By subpath, or by name for `imports`.
 * @typedef {{ name?: string, exports?: Target, imports?: Targets }} Manifest
 * @typedef {NodeJS.Module | null | undefined} Parent
 */

/**
 * What to require in place of a request so that it is found under more conditions; `undefined` when they change nothing.
 *
 * @param {string} request
 * @param {Parent} parent
 * @param {readonly string[]} conditions
 * @returns {string | undefined}
 */
function redirect(request, parent, conditions) {
  if (conditions.length === 0 || Module.isBuiltin(request)) return undefined;
  const isImport = request.startsWith('#');
  const place = isImport ? inImports(request, parent) : inExports(request, parent);
  if (place === undefined || !isNamedIn(place.targets, conditions)) return undefined;
  const target = lookUp(place.targets, place.key, new Set([...conditions, ...ownConditions()]));
  if (target?.startsWith('./')) return join(place.folder, target);
  if (!isImport || target === undefined) return undefined;
  // `imports` may name another package, whose conditions are the same.
  return redirect(target, parent, conditions) ?? target;
}

/**
 * @param {string} request
 * @param {Parent} parent
 */
function inImports(request, parent) {
  const folder = scopeOf(parent);
  const targets = folder && manifestOf(folder)?.imports;
  return targets ? { folder, targets, key: request } : undefined;
}

/** A package and what is asked of it; neither paths nor `imports` look like this. */
const PACKAGE = /^((?:@[^/\\%]+\/)?[^./\\%#][^/\\%]*)(\/.*)?$/;

/**
 * @param {string} request
 * @param {Parent} parent
 */
function inExports(request, parent) {
  const [, name, subpath = ''] = PACKAGE.exec(request) ?? [];
  const folder = name && folderOf(name, request, parent);
  const exports = folder && manifestOf(folder)?.exports;
  if (!folder || !exports) return undefined;
  return { folder, targets: hasSubpaths(exports) ? exports : { '.': exports }, key: `.${subpath}` };
}

/**
 * @param {string} name
 * @param {string} request
 * @param {Parent} parent
 */
function folderOf(name, request, parent) {
  // A package can require itself.
  const scope = scopeOf(parent);
  if (scope && manifestOf(scope)?.name === name) return scope;
  return lookupPaths(request, parent)
    ?.map((path) => join(path, name))
    .find((folder) => existsSync(folder));
}

/** @type {{ _resolveLookupPaths: (request: string, parent: Parent) => string[] | null }} */
const { _resolveLookupPaths: lookupPaths } = /** @type {any} */ (Module);

/**
 * The folder of the package that a module belongs to.
 *
 * @param {Parent} parent
 */
function scopeOf(parent) {
  if (!parent?.filename) return undefined;
  for (let folder = dirname(parent.filename); basename(folder) !== 'node_modules'; folder = dirname(folder)) {
    if (manifestOf(folder)) return folder;
    if (folder === dirname(folder)) break;
  }
  return undefined;
}

/** What packages say, for good: Node reads each once as well. @type {Map<string, Manifest | undefined>} */
const manifests = new Map();

/** @param {string} folder */
function manifestOf(folder) {
  if (!manifests.has(folder)) manifests.set(folder, readManifest(join(folder, 'package.json')));
  return manifests.get(folder);
}

/**
 * @param {string} file
 * @returns {Manifest | undefined}
 */
function readManifest(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // It is for Node to say what is wrong with it.
    return undefined;
  }
}

/**
 * @param {Target} exports
 * @returns {exports is Targets}
 */
function hasSubpaths(exports) {
  return (
    typeof exports === 'object' && exports !== null && Object.keys(exports).some((key) => key.startsWith('.'))
  );
}

/**
 * @param {Targets} targets
 * @param {readonly string[]} conditions
 */
function isNamedIn(targets, conditions) {
  const text = JSON.stringify(targets);
  return conditions.some((condition) => text.includes(`${JSON.stringify(condition)}:`));
}

/**
 * @param {Targets} targets
 * @param {string} key
 * @param {ReadonlySet<string>} conditions
 */
function lookUp(targets, key, conditions) {
  const exact = targets[key];
  if (exact !== undefined && !key.includes('*')) return select(exact, '', conditions);
  let best = { prefix: '', pattern: '', star: '' };
  for (const pattern of Object.keys(targets)) {
    const [prefix = '', suffix] = pattern.split('*');
    if (suffix === undefined || !key.startsWith(prefix) || !key.endsWith(suffix)) continue;
    // The star stands for something, and the longest pattern knows best.
    if (key.length < pattern.length) continue;
    if (prefix.length < best.prefix.length) continue;
    if (prefix.length === best.prefix.length && pattern.length <= best.pattern.length) continue;
    best = { prefix, pattern, star: key.slice(prefix.length, key.length - suffix.length) };
  }
  const target = targets[best.pattern];
  return target === undefined ? undefined : select(target, best.star, conditions);
}

/**
 * @param {Target} target
 * @param {string} star What it stands for in the target.
 * @param {ReadonlySet<string>} conditions
 * @returns {string | undefined}
 */
function select(target, star, conditions) {
  if (target === null) return undefined;
  if (typeof target === 'string') return target.replaceAll('*', star);
  const choices = Array.isArray(target)
    ? target
    : Object.entries(target)
        .filter(([condition]) => condition === 'default' || conditions.has(condition))
        .map(([, choice]) => choice);
  for (const choice of choices) {
    const found = select(choice, star, conditions);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The conditions that `require()` has in this process. */
function ownConditions() {
  const words = process.env['NODE_OPTIONS']?.split(' ') ?? [];
  const { values } = parseArgs({
    args: [...words, ...process.execArgv],
    options: { conditions: { type: 'string', short: 'C', multiple: true } },
    strict: false,
  });
  const given = /** @type {string[] | undefined} */ (values.conditions) ?? [];
  const esm = process.features.require_module ? ['module-sync'] : [];
  return ['node', 'node-addons', 'require', ...esm, ...given];
}

exports.redirect = redirect;
