import assert from 'node:assert/strict';
import { test } from 'node:test';

import { echo, listen } from './helpers/peers.js';
import { needsLinux } from './helpers/platform.js';
import { run } from './helpers/program.js';

const options = { timeout: 120_000, skip: needsLinux };

for (const [words, isWarm] of [
  ['that has used names before', true],
  ['that has not used names before', false],
]) {
  test(
    `a process ${words} gets EMFILE when no descriptor is left, and goes on when one is`,
    options,
    async (t) => {
      const { port } = await listen(t, echo);
      const data = { address: `127.0.0.1:${port}`, name: `localhost:${port}`, attempts: 100, isWarm };
      const result = await run(t, 'exhausts-descriptors', data, { descriptors: 64 });
      t.diagnostic(`${result.opened} of 100 sockets opened: ${result.messages}`);
      assert.ok(result.opened > 10 && result.opened < 64, `${result.opened} opened`);
      assert.deepEqual(result.codes, ['EMFILE']);
      assert.deepEqual(result.messages, [
        `SocketError: connect 127.0.0.1:${port} failed: too many open files in this process`,
      ]);
      assert.equal(result.echoes, result.opened);
      assert.deepEqual(result.laterEchoes, Array(5).fill('echo'));
      // A resolver that could not read its configuration says that there is no such name.
      if (isWarm) assert.equal(result.byName, 'EMFILE, EMFILE');
      else assert.match(result.byName, /^(EMFILE|ENOTFOUND), (EMFILE|ENOTFOUND)$/);
      assert.equal(result.laterByName, 'opened');
    },
  );
}
