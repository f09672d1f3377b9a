// Sockets that nobody can reach any more. Each test has a process of its own, where nothing else holds on to anything.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { start } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { listen } from './helpers/peer.js';

/** A process that collects all the time, and does not live for the sake of that. */
async function startCollecting(t, main) {
  const listener = await listen(t);
  const child = start(
    t,
    new Function(
      'modules',
      '...args',
      `setInterval(gc, 20).unref();
       globalThis.later = () => new Promise((resolve) => setTimeout(resolve, 300));
       return (${main})(modules, ...args);`,
    ),
    { flags: ['--expose-gc'], args: [listener.address] },
  );
  return { listener, child };
}

async function assertExits(child, stdout = '') {
  assert.deepEqual(await child.ended, { code: 0, signal: null, stdout, stderr: '' });
}

test('a socket that was dropped is closed, which lets the process exit', { timeout }, async (t) => {
  const { listener, child } = await startCollecting(t, async ({ connect }, address) => {
    await connect(address).opened;
  });
  const peer = await listener.accept();
  assert.equal(await peer.text(), ' FIN');
  await assertExits(child);
});

test('a socket whose streams were used is closed when all of it was dropped', { timeout }, async (t) => {
  const { listener, child } = await startCollecting(t, async ({ connect }, address) => {
    const socket = connect(address);
    const reader = socket.readable.getReader();
    const writer = socket.writable.getWriter();
    await writer.write('hello');
    await reader.read();
    void socket.closed;
  });
  const peer = await listener.accept();
  await peer.send('hello');
  assert.equal(await peer.text(), 'hello FIN');
  await assertExits(child);
});

test('a socket whose read waited and was cancelled is closed when it was dropped', { timeout }, async (t) => {
  const { listener, child } = await startCollecting(t, async ({ connect }, address) => {
    const socket = connect(address);
    await socket.opened;
    const reader = socket.readable.getReader();
    const read = reader.read();
    await new Promise(setImmediate);
    await reader.cancel();
    await read;
  });
  const peer = await listener.accept();
  assert.equal(await peer.text(), ' FIN');
  await assertExits(child);
});

test(
  'a socket whose read waited until a later one was served is closed when it was dropped',
  { timeout },
  async (t) => {
    const { listener, child } = await startCollecting(t, async ({ connect }, address) => {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader();
      const writer = socket.writable.getWriter();
      const first = reader.read();
      await writer.write('x');
      // The answer arrives before the event loop can tell of it.
      const until = Date.now() + 200;
      while (Date.now() < until);
      await Promise.all([first, reader.read()]);
    });
    const peer = await listener.accept();
    await peer.take(1);
    await peer.send(Buffer.alloc(100_000));
    assert.equal(await peer.text(), ' FIN');
    await assertExits(child);
  },
);

test('closed of a socket that was collected resolves', { timeout }, async (t) => {
  const { listener, child } = await startCollecting(t, async ({ connect }, address) => {
    const { opened, closed } = connect(address);
    closed.then((value) => console.log(`closed with ${value}`));
    await opened;
  });
  const peer = await listener.accept();
  assert.equal(await peer.text(), ' FIN');
  await assertExits(child, 'closed with undefined\n');
});

test('a thousand sockets that were dropped are all closed', { timeout }, async (t) => {
  const { listener, child } = await startCollecting(t, async ({ connect }, address) => {
    for (let i = 0; i < 10; i++) {
      await Promise.all(Array.from({ length: 100 }, () => connect(address).opened));
    }
  });
  for (let i = 0; i < 1000; i++) assert.equal(await (await listener.accept()).text(), ' FIN');
  await assertExits(child);
});

test(
  'bytes that were never read do not turn the FIN of a dropped socket into a RST',
  { timeout },
  async (t) => {
    const { listener, child } = await startCollecting(t, async ({ connect }, address) => {
      const socket = connect(address);
      await socket.writable.getWriter().write('hello');
      await socket.readable.getReader().read();
    });
    const peer = await listener.accept();
    await peer.send(Buffer.alloc(200_000));
    assert.equal(await peer.text(), 'hello FIN');
    await assertExits(child);
  },
);

test('what was written to a dropped socket is delivered', { timeout }, async (t) => {
  const { listener, child } = await startCollecting(t, async ({ connect }, address) => {
    const socket = connect(address);
    await socket.opened;
    const writer = socket.writable.getWriter();
    for (let i = 0; i < 100; i++) writer.write(`${i};`);
  });
  const peer = await listener.accept();
  const expected = Array.from({ length: 100 }, (_, i) => `${i};`).join('');
  assert.equal(await peer.text(), `${expected} FIN`);
  await assertExits(child);
});

test('a write that waits keeps its socket until it is done', { timeout }, async (t) => {
  const { listener, child } = await startCollecting(t, async ({ connect }, address) => {
    const socket = connect(address);
    await socket.opened;
    socket.writable
      .getWriter()
      .write(new Uint8Array(64 << 20))
      .then(() => console.log('written'));
    await globalThis.later();
    console.log('waited');
  });
  const peer = await listener.accept();
  assert.equal(await child.line(), 'waited');
  const { bytes, end } = await peer.rest();
  assert.deepEqual([bytes.length, end], [64 << 20, 'FIN']);
  await assertExits(child, 'waited\nwritten\n');
});

test('a read that waits keeps its socket', { timeout }, async (t) => {
  const { listener, child } = await startCollecting(t, async ({ connect }, address) => {
    connect(address)
      .readable.getReader()
      .read()
      .then(({ value }) => console.log(`read ${new TextDecoder().decode(value)}`));
    await globalThis.later();
    console.log('waited');
  });
  const peer = await listener.accept();
  assert.equal(await child.line(), 'waited');
  await peer.send('hello');
  assert.equal(await child.line(), 'read hello');
  assert.equal(await peer.text(), ' FIN');
  await assertExits(child, 'waited\nread hello\n');
});

test('a BYOB read that waits keeps its socket', { timeout }, async (t) => {
  const { listener, child } = await startCollecting(t, async ({ connect }, address) => {
    connect(address)
      .readable.getReader({ mode: 'byob' })
      .read(new Uint8Array(16))
      .then(({ value }) => console.log(`read ${new TextDecoder().decode(value)}`));
    await globalThis.later();
    console.log('waited');
  });
  const peer = await listener.accept();
  assert.equal(await child.line(), 'waited');
  await peer.send('hello');
  assert.equal(await child.line(), 'read hello');
  assert.equal(await peer.text(), ' FIN');
  await assertExits(child, 'waited\nread hello\n');
});

test('a loop over a readable keeps its socket, and a pipe too', { timeout }, async (t) => {
  const { listener, child } = await startCollecting(t, async ({ connect }, address) => {
    const iterate = async () => {
      for await (const chunk of connect(address).readable) console.log(`${chunk.byteLength} bytes`);
      console.log('the end');
    };
    iterate();
    connect(address).readable.pipeTo(
      new WritableStream({ write: (chunk) => console.log(`${chunk.byteLength} bytes`) }),
    );
    await globalThis.later();
    console.log('waited');
  });
  const peers = [await listener.accept(), await listener.accept()];
  assert.equal(await child.line(), 'waited');
  for (const peer of peers) {
    await peer.send('hello');
    assert.equal(await child.line(), '5 bytes');
  }
  for (const peer of peers) await peer.end();
  for (const peer of peers) assert.equal(await peer.text(), ' FIN');
  await assertExits(child, 'waited\n5 bytes\n5 bytes\nthe end\n');
});

test('a connect that is under way keeps its socket', { timeout }, async (t) => {
  const { listener, child } = await startCollecting(t, ({ connect }, address) => {
    connect(address).opened.then(() => console.log('opened'));
    connect(`localhost:${address.split(':')[1]}`).opened.then(() => console.log('opened'));
    for (let i = 0; i < 5; i++) globalThis.gc();
  });
  for (let i = 0; i < 2; i++) assert.equal(await (await listener.accept()).text(), ' FIN');
  await assertExits(child, 'opened\nopened\n');
});

test('a close that waits for the peer goes on without its socket', { timeout }, async (t) => {
  const { listener, child } = await startCollecting(t, async ({ connect }, address) => {
    const socket = connect(address);
    await socket.opened;
    socket.writable.getWriter().write(new Uint8Array(64 << 20));
    socket.close().then(() => console.log('closed'));
    setTimeout(() => console.log('waited'), 300);
  });
  const peer = await listener.accept();
  assert.equal(await child.line(), 'waited');
  const { bytes, end } = await peer.rest();
  assert.deepEqual([bytes.length, end], [64 << 20, 'FIN']);
  await assertExits(child, 'waited\nclosed\n');
});

for (const [what, take] of [
  ['the socket', '(socket) => socket'],
  ['the readable', '({ readable }) => readable'],
  ['its reader', '({ readable }) => readable.getReader()'],
  ['the writable', '({ writable }) => writable'],
  ['its writer', '({ writable }) => writable.getWriter()'],
]) {
  test(`whoever holds ${what} holds the connection`, { timeout }, async (t) => {
    const { listener, child } = await startCollecting(
      t,
      `async ({ connect }, address) => {
         const socket = connect(address);
         await socket.opened;
         globalThis.held = (${take})(socket);
         setTimeout(() => console.log('waited'), 300);
         setTimeout(() => delete globalThis.held, 600);
       }`,
    );
    const peer = await listener.accept();
    const ended = peer.text().then((text) => (order.push('ended'), text));
    const order = [];
    assert.equal(await child.line(), 'waited');
    order.push('waited');
    assert.equal(await ended, ' FIN');
    assert.deepEqual(order, ['waited', 'ended']);
    await assertExits(child, 'waited\n');
  });
}

test('whoever holds only closed holds nothing', { timeout }, async (t) => {
  const { listener, child } = await startCollecting(t, async ({ connect }, address) => {
    const socket = connect(address);
    globalThis.held = socket.closed;
    await socket.opened;
  });
  const peer = await listener.accept();
  assert.equal(await peer.text(), ' FIN');
  await assertExits(child);
});

test('sockets that ended by themselves leave nothing to collect', { timeout }, async (t) => {
  const { listener, child } = await startCollecting(t, async ({ connect }, address) => {
    let collected = 0;
    const registry = new FinalizationRegistry(() => collected++);
    const useOne = async () => {
      const socket = connect(address);
      registry.register(socket, undefined);
      await socket.opened;
      await socket.close();
    };
    for (let i = 0; i < 100; i++) await useOne();
    while (collected < 95) await new Promise((resolve) => setTimeout(resolve, 10));
    console.log('collected');
  });
  (async () => {
    for (;;) (await listener.accept()).echo();
  })();
  await assertExits(child, 'collected\n');
});
