// Redis as it comes with the system.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';

import { connect } from '../../index.js';
import { find, startDaemon } from './helpers/daemon.js';
import { RedisClient, command } from './helpers/resp.js';

const { path, skip } = find('redis-server', 'redis-server');
const options = { skip, timeout: 120_000 };

/** @type {Awaited<ReturnType<typeof startDaemon>>} */
let redis;

before(async () => {
  if (skip) return;
  redis = await startDaemon(path, (folder, port) => [
    ...['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder],
    // Nothing is kept.
    ...['--save', '', '--appendonly', 'no'],
  ]);
});

after(() => redis?.stop());

function open() {
  return new RedisClient(connect(redis.address));
}

test('PING is answered', options, async () => {
  const client = open();
  assert.equal(await client.ask('PING'), 'PONG');
  await client.socket.close();
});

test('an error of the server is a reply like others', options, async () => {
  const client = open();
  const error = await client.ask('NONSENSE');
  assert.match(error.message, /^ERR unknown command/);
  assert.equal(`${await client.ask('ECHO', 'still here')}`, 'still here');
  await client.socket.close();
});

test('100,000 commands without waiting get 100,000 replies in order', options, async (t) => {
  const client = open();
  const start = performance.now();
  const sending = sendAll();
  for (let i = 0; i < 50_000; i++) {
    assert.equal(await client.reply(), 'OK');
    assert.equal(await client.reply(), i + 1);
  }
  await sending;
  const seconds = (performance.now() - start) / 1000;
  t.diagnostic(`100,000 commands in ${seconds.toFixed(2)} s, ${Math.round(100 / seconds)} thousand a second`);
  assert.equal(`${await client.ask('GET', 'key:49999')}`, 'value 49999');
  assert.equal(`${await client.ask('GET', 'counter')}`, '50000');
  await client.socket.close();

  /** Each command is a write of its own. */
  async function sendAll() {
    for (let i = 0; i < 50_000; i++) {
      await client.send(command('SET', `key:${i}`, `value ${i}`));
      await client.send(command('INCR', 'counter'));
    }
  }
});

test('100,000 commands in one write get their replies in order', options, async () => {
  const client = open();
  const commands = Buffer.concat(Array.from({ length: 100_000 }, () => command('INCR', 'burst')));
  const sending = client.send(commands);
  for (let i = 1; i <= 100_000; i++) assert.equal(await client.reply(), i);
  await sending;
  await client.socket.close();
});

test('a value of 10 MiB comes back unchanged', options, async () => {
  const client = open();
  const value = randomBytes(10 * 2 ** 20);
  assert.equal(await client.ask('SET', 'large', value), 'OK');
  assert.equal(await client.ask('STRLEN', 'large'), value.length);
  assert.equal(sha256(await client.ask('GET', 'large')), sha256(value));
  await client.socket.close();
});

test('what one socket publishes comes to the one that has subscribed', options, async () => {
  const subscriber = open();
  const publisher = open();
  assert.deepEqual(texts(await subscriber.ask('SUBSCRIBE', 'news')), ['subscribe', 'news', 1]);
  for (let i = 0; i < 100; i++) {
    assert.equal(await publisher.ask('PUBLISH', 'news', `message ${i}`), 1);
    assert.deepEqual(texts(await subscriber.reply()), ['message', 'news', `message ${i}`]);
  }
  assert.deepEqual(texts(await subscriber.ask('UNSUBSCRIBE', 'news')), ['unsubscribe', 'news', 0]);
  await Promise.all([subscriber.socket.close(), publisher.socket.close()]);
});

test(
  'a socket whose command waits in the server gets its reply when another one pushes',
  options,
  async () => {
    const waiting = open();
    const pushing = open();
    const popped = waiting.ask('BLPOP', 'queue', '0');
    // The server says when the command has come, and waits.
    while ((await blockedClients(pushing)) === 0);
    assert.equal(await pushing.ask('RPUSH', 'queue', 'at last'), 1);
    assert.deepEqual(texts(await popped), ['queue', 'at last']);
    await Promise.all([waiting.socket.close(), pushing.socket.close()]);
  },
);

async function blockedClients(client) {
  const info = await client.ask('INFO', 'clients');
  return Number(/blocked_clients:(\d+)/.exec(`${info}`)[1]);
}

test('after QUIT the readable ends and closed resolves', options, async () => {
  const client = open();
  assert.equal(await client.ask('QUIT'), 'OK');
  assert.equal(await client.reply(), undefined);
  await client.socket.closed;
});

test('a socket whose client is killed is closed, and others are not', options, async () => {
  const killed = open();
  const killer = open();
  const id = await killed.ask('CLIENT', 'ID');
  assert.equal(await killer.ask('CLIENT', 'KILL', 'ID', `${id}`), 1);
  assert.equal(await killed.reply(), undefined);
  await killed.socket.closed;
  assert.equal(await killer.ask('PING'), 'PONG');
  await killer.socket.close();
});

test('200 sockets work at the same time', options, async () => {
  const clients = Array.from({ length: 200 }, open);
  await Promise.all(
    clients.map(async (client, i) => {
      assert.equal(await client.ask('CLIENT', 'SETNAME', 'crowd'), 'OK');
      for (let round = 0; round < 10; round++) {
        assert.equal(await client.ask('SET', `client:${i}`, `round ${round}`), 'OK');
        assert.equal(`${await client.ask('GET', `client:${i}`)}`, `round ${round}`);
      }
    }),
  );
  const list = `${await clients[0].ask('CLIENT', 'LIST')}`;
  assert.equal(list.match(/ name=crowd /g)?.length, 200);
  await Promise.all(clients.map(({ socket }) => socket.close()));
});

/** A reply with its bulk strings as text. */
function texts(reply) {
  return reply.map((item) => (Buffer.isBuffer(item) ? `${item}` : item));
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
