import assert from 'node:assert/strict';
import { test } from 'node:test';

import { echo, flood, listen } from './helpers/peers.js';
import { run } from './helpers/program.js';

test(
  'a read for whose chunk there is no memory fails with ENOMEM, and other sockets go on',
  {
    timeout: 120_000,
  },
  async (t) => {
    const [echoes, source] = await Promise.all([listen(t, echo), listen(t, flood)]);
    const addresses = { echo: `127.0.0.1:${echoes.port}`, source: `127.0.0.1:${source.port}` };
    const { before, after, outcomes, word } = await run(t, 'limits/without-memory', addresses);
    const failed = ['ENOMEM, Array buffer allocation failed', 'resolved'];
    assert.deepEqual(outcomes, {
      'a read that finds bytes': failed,
      'a read that waits': failed,
      'a read that waits in the stream': failed,
      'a read behind a BYOB reader that has gone': failed,
      'a read in a download': failed,
    });
    assert.equal(after, before, 'descriptors were left behind');
    assert.equal(word, 'still here');
  },
);
