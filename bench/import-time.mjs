/** What it takes to import modules. */
import { execFileSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { median } from './statistics.mjs';

/**
 * How much longer a process lives that imports these and does nothing else, in milliseconds.
 *
 * @param {string} node
 * @param {string[]} modules
 * @param {number} amount processes of each kind
 */
export function importTime(node, modules, amount) {
  const program = modules.map((name) => `import ${JSON.stringify(name)};`).join('');
  /** @type {number[]} */
  const bare = [];
  /** @type {number[]} */
  const importing = [];
  for (let i = 0; i < amount; i++) {
    bare.push(lifeOf(node, ''));
    importing.push(lifeOf(node, program));
  }
  return median(importing) - median(bare);
}

/**
 * @param {string} node
 * @param {string} program
 */
function lifeOf(node, program) {
  const start = performance.now();
  // Where it runs, the package finds itself by its name.
  execFileSync(node, ['--input-type=module', '--eval', program], { cwd: import.meta.dirname });
  return performance.now() - start;
}
