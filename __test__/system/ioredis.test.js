// ioredis, whose connections are made by a connector of our own.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';

import { Redis } from 'ioredis';

import { TLSSocket, connect, toDuplex } from '../../index.js';
import { ca } from '../helpers/tls-peer.js';
import { refusedPort } from '../helpers/refused-port.js';
import { skip, startRedis } from './helpers/redis.js';

const options = { skip, timeout: 120_000 };
const PASSWORD = 'sesame';

/** Who talks to which server. */
const transports = {
  'plain text': { settings: {}, open: (address) => connect(address) },
  TLS: { settings: { certificate: 'p256' }, open: (address) => new TLSSocket({ ca }).connect(address) },
};

/** What ioredis takes as its option `Connector`. */
function connectorWith(open) {
  return class {
    constructor({ host, port }) {
      this.address = { hostname: host, port };
    }
    check() {
      return true;
    }
    async connect() {
      this.stream = toDuplex(open(this.address));
      this.stream.once('error', (error) => (this.firstError = error));
      return this.stream;
    }
    disconnect() {
      this.stream?.end();
    }
  };
}

for (const [transport, { settings, open }] of Object.entries(transports)) {
  describe(`ioredis over ${transport}`, () => {
    /** @type {Awaited<ReturnType<typeof startRedis>>} */
    let server;

    before(async () => {
      if (!skip) server = await startRedis({ ...settings, password: PASSWORD });
    });

    after(() => server?.stop());

    /** A client, until the test ends. */
    function createClient(t, more) {
      const client = new Redis({
        host: '127.0.0.1',
        port: server.port,
        password: PASSWORD,
        Connector: connectorWith(open),
        ...more,
      });
      t.after(() => client.disconnect());
      return client;
    }

    test('a command is answered, and quit() ends the connection', options, async (t) => {
      const client = createClient(t);
      assert.equal(await client.set('greeting', 'Grüße'), 'OK');
      assert.equal(await client.get('greeting'), 'Grüße');
      const { stream } = client;
      assert.equal(stream.encrypted, transport === 'TLS');
      const closed = once(stream, 'close');
      assert.equal(await client.quit(), 'OK');
      assert.deepEqual(await closed, [false]);
    });

    test('a pipeline of 100,000 commands is answered in order', options, async (t) => {
      const client = createClient(t);
      const pipeline = client.pipeline();
      for (let i = 0; i < 50_000; i++) pipeline.set(`key:${i}`, `value ${i}`).incr('counter');
      const replies = await pipeline.exec();
      assert.equal(replies.length, 100_000);
      const isRight = ([error, reply], i) => error === null && reply === (i % 2 === 0 ? 'OK' : (i + 1) / 2);
      assert.ok(replies.every(isRight));
      assert.equal(await client.get('key:49999'), 'value 49999');
    });

    test('100,000 commands without a pipeline are answered in order', options, async (t) => {
      const client = createClient(t);
      const replies = await Promise.all(Array.from({ length: 100_000 }, () => client.incr('single')));
      assert.ok(replies.every((reply, i) => reply === i + 1));
    });

    test('a value of 20 MiB comes back unchanged', options, async (t) => {
      const client = createClient(t);
      const value = Buffer.alloc(20 << 20, 'winter');
      await client.set('large', value);
      assert.ok((await client.getBuffer('large')).equals(value));
    });

    test('what one client publishes comes to the one that has subscribed', options, async (t) => {
      const [subscriber, publisher] = [createClient(t), createClient(t)];
      await subscriber.subscribe('news');
      for (let i = 0; i < 100; i++) {
        const message = once(subscriber, 'message');
        assert.equal(await publisher.publish('news', `message ${i}`), 1);
        assert.deepEqual(await message, ['news', `message ${i}`]);
      }
      assert.equal(await subscriber.unsubscribe('news'), 0);
    });

    test('a blocking pop gets what another client pushes', options, async (t) => {
      const [waiting, pushing] = [createClient(t), createClient(t)];
      const popped = waiting.blpop('queue', 0);
      // The server says when the command has come, and waits.
      while (!/blocked_clients:1/.test(await pushing.info('clients')));
      assert.equal(await pushing.rpush('queue', 'at last'), 1);
      assert.deepEqual(await popped, ['queue', 'at last']);
    });

    test('a wrong password is an error of the server', options, async (t) => {
      const client = createClient(t, { password: 'wrong', retryStrategy: null });
      const [error] = await once(client, 'error');
      assert.match(error.message, /^WRONGPASS/);
    });

    test('a client whose connection is killed connects anew', options, async (t) => {
      const [killed, killer] = [createClient(t), createClient(t)];
      const id = await killed.client('ID');
      const reconnected = once(killed, 'reconnecting').then(() => once(killed, 'ready'));
      assert.equal(await killer.client('KILL', 'ID', id), 1);
      await reconnected;
      assert.notEqual(await killed.client('ID'), id);
    });

    test('a connection that is refused is an error with its code', options, async (t) => {
      const client = createClient(t, { port: await refusedPort(t), retryStrategy: null });
      const [error] = await once(client, 'error');
      assert.equal(error.code, 'ECONNREFUSED');
      await assert.rejects(client.get('greeting'), { message: /closed/ });
    });
  });
}
