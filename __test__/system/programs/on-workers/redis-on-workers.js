// `redis-on-workers`, with Redis as it comes with the system. For TLS it trusts what the environment says.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';

import { createRedis } from 'redis-on-workers';

import { refusedPort } from '../../../helpers/refused-port.js';
import { forbidNodeSockets } from '../../helpers/only-our-sockets.js';
import { skip, startRedis } from '../../helpers/redis.js';
import { collectRejections } from '../../helpers/rejections.js';

const options = { skip, timeout: 120_000 };

/** One for each transport, and one whose certificate nobody trusts. @type {Record<string, Awaited<ReturnType<typeof startRedis>>>} */
const servers = {};

let refused = 0;

before(async () => {
  if (skip) return;
  const password = 'sesame';
  servers.plain = await startRedis();
  servers['plain, guarded'] = await startRedis({ password });
  servers.TLS = await startRedis({ certificate: 'p256' });
  servers['TLS, guarded'] = await startRedis({ certificate: 'p256', password });
  servers.untrusted = await startRedis({ certificate: 'self-signed' });
  refused = await refusedPort({ after });
  forbidNodeSockets();
});

after(() => Promise.all(Object.values(servers).map((server) => server.stop())));

for (const [transport, tls] of /** @type {const} */ ([
  ['plain', false],
  ['TLS', true],
])) {
  /** A client, that is closed after the test. */
  function open(t, { server = servers[transport], ...more } = {}) {
    const redis = createRedis({ hostname: '127.0.0.1', port: server.port, tls, ...more });
    t.after(() => redis.close());
    return redis;
  }

  describe(`redis-on-workers, ${transport}`, () => {
    test('gets an answer', options, async (t) => {
      assert.equal(await open(t).send('PING'), 'PONG');
    });

    test('gets errors of the server, and goes on', options, async (t) => {
      const redis = open(t);
      await assert.rejects(redis.send('NONSENSE'), { message: /^ERR unknown command/ });
      assert.equal(await redis.send('ECHO', 'still here'), 'still here');
    });

    test('logs in with a password, and is told when it is wrong or missing', options, async (t) => {
      const server = servers[`${transport}, guarded`];
      assert.equal(await open(t, { server, password: 'sesame' }).send('PING'), 'PONG');
      await assert.rejects(open(t, { server, password: 'wrong' }).send('PING'), { message: /^WRONGPASS / });
      await assert.rejects(open(t, { server }).send('PING'), { message: /^NOAUTH / });
    });

    test('gets 100,000 replies in order, a thousand commands at a time', options, async (t) => {
      const { logger, replies } = recordReplies();
      const redis = open(t, { logger });
      await redis.startConnection();
      // A reply of 32 bytes never lies across two reads: the driver's parser fails when the length of one does.
      const texts = Array.from({ length: 100_000 }, (_, i) => `reply ${i}`.padEnd(25));
      for (let i = 0; i < texts.length; i += 1000) {
        // Its method for several commands, of which it shows only what `send()` makes of it.
        await redis['writeCommandsToConnection'](texts.slice(i, i + 1000).map((text) => ['ECHO', text]));
      }
      assert.deepEqual(replies, texts);
    });

    test('sends and gets a value of 10 MB', options, async (t) => {
      const redis = open(t);
      const value = randomBytes(10e6);
      assert.equal(await redis.send('SET', 'large', value), 'OK');
      const received = await redis.sendRaw('GET', 'large');
      assert.ok(received instanceof Uint8Array && value.equals(received));
    });

    test('gets what is published to it', options, async (t) => {
      // It has no way to give messages to its user, but for the log.
      const { logger, replies, until } = recordReplies();
      const [subscriber, publisher] = [open(t, { logger }), open(t)];
      assert.deepEqual(await subscriber.send('SUBSCRIBE', 'news'), ['subscribe', 'news', 1]);
      for (let i = 0; i < 10; i++) assert.equal(await publisher.send('PUBLISH', 'news', `message ${i}`), 1);
      await until(11);
      const expected = Array.from(
        { length: 10 },
        (_, i) => `${['message', 'news', `message ${i}`].map(bytes)}`,
      );
      assert.deepEqual(replies.slice(1), expected);
    });

    test('waits for what another one pushes', options, async (t) => {
      const [waiting, pushing] = [open(t), open(t)];
      const popped = waiting.send('BLPOP', 'queue', 0);
      while (!`${await pushing.send('INFO', 'clients')}`.includes('blocked_clients:1'));
      assert.equal(await pushing.send('RPUSH', 'queue', 'at last'), 1);
      assert.deepEqual(await popped, ['queue', 'at last']);
    });

    test('is told that nobody listens', options, async (t) => {
      const rejections = collectRejections(t);
      const redis = createRedis({ hostname: '127.0.0.1', port: refused, tls });
      await assert.rejects(redis.send('PING'), { code: 'ECONNREFUSED' });
      await isLeftBy(redis, rejections, 'ECONNREFUSED');
    });
  });
}

test('redis-on-workers, TLS: refuses a certificate that it has no reason to trust', options, async (t) => {
  const rejections = collectRejections(t);
  const redis = createRedis({ hostname: '127.0.0.1', port: servers.untrusted.port, tls: true });
  await assert.rejects(redis.send('PING'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  await isLeftBy(redis, rejections, 'DEPTH_ZERO_SELF_SIGNED_CERT');
});

test('redis-on-workers: node:net connects to nothing here', options, () => {
  assert.throws(() => net.connect(servers.plain.port, '127.0.0.1'), /node:net was asked to connect/);
});

/** When a connection fails, the driver throws the error where nobody can catch it, and nothing else. */
async function isLeftBy(redis, rejections, code) {
  await redis.close();
  await new Promise(setImmediate);
  assert.deepEqual(
    rejections.map((reason) => reason.code),
    [code],
  );
}

/** The option `logger`, the replies that it is told, and a way to wait for so many. */
function recordReplies() {
  const replies = [];
  let onReply = () => {};
  const logger = (title, text) => {
    if (title !== 'Received reply') return;
    replies.push(text);
    onReply();
  };
  const until = async (count) => {
    while (replies.length < count) await new Promise((resolve) => (onReply = () => resolve(undefined)));
  };
  return { logger, replies, until };
}

/** How the driver logs bytes in an array. */
const bytes = (text) => `${[...Buffer.from(text)]}`;
