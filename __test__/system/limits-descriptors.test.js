// No descriptor left, at moments when more than a socket would need one. See limits.test.js for what is usual.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import tls from 'node:tls';

import { pem } from '../helpers/tls-server.js';
import { echo, listen } from './helpers/peers.js';
import { needsLinux } from './helpers/platform.js';
import { run } from './helpers/program.js';

const options = { timeout: 120_000, skip: needsLinux };

/** What a program may get: that, or what a resolver makes of it that can't open its files. */
const CODES = ['EMFILE', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_SYSTEM'];

describe('no descriptor left', { concurrency: 3 }, () => {
  for (const kind of ['plain text', 'TLS', 'a name', 'a name and TLS']) {
    for (const [words, isFirst] of [
      ['is the first of the process', true],
      ['is one among others', false],
    ]) {
      for (const left of [0, 1]) {
        test(
          `a socket by ${kind} that ${words} fails with a code, with ${left} descriptors left, and works later`,
          options,
          async (t) => {
            const { outcomes, word, later } = await attempt(t, { kind, left, isFirst });
            t.diagnostic(outcomes.join());
            // With some left, one or the other may be opened.
            for (const outcome of outcomes) {
              // The parts of the package are files, too, which the first socket loads.
              if (isFirst && left === 0 && outcome === 'throws EMFILE') continue;
              assert.ok(CODES.includes(outcome) || (left > 0 && outcome === 'opened'), outcome);
            }
            if (!isFirst) assert.equal(word, 'works');
            assert.equal(later, 'works');
          },
        );
      }
    }
  }
});

/** Runs the program with servers that send back what they receive. */
async function attempt(t, data) {
  const secure = tls.createServer({ cert: pem('p256.pem'), key: pem('p256.key') }, echo);
  secure.on('tlsClientError', () => {});
  secure.listen(0, 'localhost');
  t.after(() => secure.close());
  const [plain] = await Promise.all([listen(t, echo), once(secure, 'listening')]);
  const ports = { plain: plain.port, secure: secure.address().port };
  return run(t, 'limits/without-descriptors', { ...data, ports, ca: pem('root.pem') }, { descriptors: 64 });
}
