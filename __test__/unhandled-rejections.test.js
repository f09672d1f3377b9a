import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fullBacklog } from './helpers/backlog.js';
import { run } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { listen } from './helpers/peer.js';
import { refusedPort } from './helpers/refused-port.js';

/** Runs a function in a process that reports every rejection that nobody handles, and every exception. */
async function reported(t, main, args) {
  const { code, stdout, stderr } = await run(
    t,
    new Function(
      'modules',
      '...args',
      `for (const name of ['unhandledRejection', 'uncaughtException', 'warning']) {
         process.on(name, (error) => console.log(name + ': ' + error.message));
       }
       return (${main})(modules, ...args);`,
    ),
    { args },
  );
  assert.equal(stderr, '');
  assert.equal(code, 0);
  return stdout;
}

test('a derived promise that is left surfaces, so that these tests can fail', { timeout }, async (t) => {
  const main = async ({ connect }, address) => {
    connect(address).opened.then(() => {});
  };
  assert.match(
    await reported(t, main, [`127.0.0.1:${await refusedPort(t)}`]),
    /^unhandledRejection: SocketError: connect/,
  );
});

test('a refused connection surfaces nowhere, whatever was looked at', { timeout }, async (t) => {
  const main = ({ connect, Socket }, address) => {
    connect(address);
    void new Socket(address).opened;
    void connect(address).closed;
    void connect(address).readable;
    void connect(address).writable;
    connect(address).readable.getReader();
    connect(address).writable.getWriter();
    const all = connect(address);
    void [all.opened, all.closed, all.readable, all.writable];
    all.opened.catch(() => {
      // After the failure, and without handlers.
      void [all.opened, all.closed, all.close(), all.close('again')];
      all.readable.getReader();
      all.writable.getWriter();
    });
  };
  assert.equal(await reported(t, main, [`127.0.0.1:${await refusedPort(t)}`]), '');
});

test('a name that does not resolve surfaces nowhere', { timeout }, async (t) => {
  const main = ({ connect }) => {
    const socket = connect('nothing.invalid:80');
    void [socket.opened, socket.closed, socket.readable.getReader(), socket.writable.getWriter()];
  };
  assert.equal(await reported(t, main, []), '');
});

test('a close while pending surfaces nowhere, with and without a reason', { timeout }, async (t) => {
  const { address } = await fullBacklog(t);
  const main = ({ connect }, target) => {
    for (const reason of [undefined, new Error('changed my mind'), 'a string']) {
      connect(target).close(reason);
      const socket = connect(target);
      void [socket.opened, socket.closed, socket.readable.getReader(), socket.writable.getWriter()];
      setImmediate(() => socket.close(reason));
    }
  };
  assert.equal(await reported(t, main, [address]), '');
});

test(
  'a reset surfaces nowhere but in the promises of the operations that it fails',
  { timeout },
  async (t) => {
    const listener = await listen(t);
    (async () => {
      for (;;) (await listener.accept()).raw.resetAndDestroy();
    })();
    const main = async ({ connect }, address) => {
      const ignore = () => {};
      const first = connect(address);
      void [first.opened, first.closed];
      first.readable.getReader().read().catch(ignore);
      const second = connect(address);
      const writer = second.writable.getWriter();
      void [writer.closed, writer.ready];
      await second.opened.catch(ignore);
      await new Promise((resolve) => setTimeout(resolve, 50));
      for (let i = 0; i < 5; i++) writer.write('hello?').catch(ignore);
      await new Promise((resolve) => setTimeout(resolve, 50));
      second.close();
    };
    assert.equal(await reported(t, main, [listener.address]), '');
  },
);

test('a reset in the turn of a first write that has to wait surfaces nowhere', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address) => {
    const ignore = () => {};
    const socket = connect(address);
    await socket.opened;
    socket.writable
      .getWriter()
      .write(new Uint8Array(64 << 20))
      .catch(ignore);
    // The reset arrives, and the event loop has not told of it when the read meets it.
    const until = Date.now() + 300;
    while (Date.now() < until);
    await socket.readable.getReader().read().catch(ignore);
  };
  const output = reported(t, main, [listener.address]);
  const peer = await listener.accept();
  await peer.take(1);
  await peer.reset();
  assert.equal(await output, '');
});

test('the end of the peer surfaces nowhere although it errors the writable', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address) => {
    const socket = connect(address);
    const writer = socket.writable.getWriter();
    void [socket.closed, writer.closed, writer.ready];
    await socket.readable.getReader().read();
  };
  const output = reported(t, main, [listener.address]);
  const peer = await listener.accept();
  await peer.end();
  assert.equal(await output, '');
});

test('a close with a reason surfaces nowhere although it errors the writable', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address) => {
    const socket = connect(address);
    const writer = socket.writable.getWriter();
    void [socket.closed, writer.closed, writer.ready, socket.readable.getReader()];
    await socket.opened;
    socket.close(new Error('enough'));
  };
  assert.equal(await reported(t, main, [listener.address]), '');
});

test('TLS that is asked for surfaces nowhere', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address) => {
    const socket = connect(address, { secureTransport: 'on' });
    void [socket.opened, socket.closed, socket.readable.getReader(), socket.writable.getWriter()];
    const plain = connect(address, { secureTransport: 'starttls' });
    await plain.opened;
    const upgraded = plain.startTls();
    void [upgraded.opened, upgraded.closed, upgraded.readable.getReader(), upgraded.writable.getWriter()];
    // The peer says nothing: the handshakes would wait forever.
    socket.close();
    upgraded.close();
  };
  assert.equal(await reported(t, main, [listener.address]), '');
});
