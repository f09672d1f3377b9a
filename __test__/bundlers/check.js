// Builds and runs the projects of this folder.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { echo, listen } from '../system/helpers/peers.js';
import { install, runScript } from './project.js';

const require = createRequire(import.meta.url);

/** Nothing is asked of the network, or changed elsewhere. */
const QUIET = { NEXT_TELEMETRY_DISABLED: '1', NEXT_IGNORE_INCORRECT_LOCKFILE: '1', NO_COLOR: '1' };

/**
 * @typedef {object} Tool
 * @property {string} name Of the tool, and of the folder.
 * @property {string[]} native Packages of which the tool needs one, with a binary that npm may not have for this platform.
 * @property {RegExp} [says] What it prints when all is well.
 */

/**
 * One test for each tool, which builds and runs its project.
 *
 * @param {string} title
 * @param {Tool[]} tools
 */
export function check(title, tools) {
  describe(title, () => {
    const project = install(fileURLToPath(new URL('.', import.meta.url)));
    after(() => project.remove());

    for (const tool of tools) {
      const { name, says } = tool;
      test(name, { skip: whyNot(tool) }, async (t) => {
        const peer = await listen(t, echo);
        const ADDRESS = `127.0.0.1:${peer.port}`;
        const cwd = join(project.folder, name);
        const { scripts, env } = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'));
        const options = { cwd, env: { ...QUIET, ...env, ADDRESS, NODE_TEST_CONTEXT: undefined } };

        let output = '';
        for (const script of [scripts.build, scripts.start]) {
          if (script === undefined) continue;
          const result = await runScript(script, options);
          assert.equal(
            result.code,
            0,
            `${script} ended with ${result.signal ?? result.code}:\n${result.output}`,
          );
          output = result.output;
        }
        // What `resolvedAddress` is only our sockets know.
        const result = JSON.stringify({ answer: 'winter', resolvedAddress: ADDRESS });
        if (says === undefined) assert.equal(output.trim().split('\n').at(-1), result);
        else assert.match(output, says);
        assert.notEqual(peer.accepted, 0);
      });
    }
  });
}

/**
 * For the option `skip`.
 *
 * @param {Tool} tool
 */
function whyNot({ native }) {
  return !native.some(isLoadable) && `${native.join(' or ')} does not run on this platform`;
}

function isLoadable(name) {
  try {
    require(name);
    return true;
  } catch {
    return false;
  }
}
