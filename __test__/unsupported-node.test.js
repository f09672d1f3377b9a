// What a Node that is too old is told.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { root } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';

for (const node of ['18.20.8', '20.18.3']) {
  test(`Node ${node} is told which one is needed`, { timeout }, async () => {
    const program = `
      Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${node}' } });
      Object.defineProperty(process, 'version', { value: 'v${node}' });
      try { require('winter-sockets'); } catch ({ code, message }) { console.log(code, message); }`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--eval', program], { cwd: root });
    assert.equal(
      stdout.trim(),
      `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM winter-sockets needs Node.js 20.19 or newer; this is Node.js v${node}`,
    );
  });
}
