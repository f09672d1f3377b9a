import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fullBacklog } from './helpers/backlog.js';
import { run, start } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { listen } from './helpers/peer.js';
import { refusedPort } from './helpers/refused-port.js';

const EXITED = { code: 0, signal: null, stdout: '', stderr: '' };
const wrote = (stdout) => ({ ...EXITED, stdout });

test('a process that only imported the package exits', { timeout }, async (t) => {
  assert.deepEqual(await run(t, () => {}), EXITED);
});

test(
  'an open socket that does nothing keeps the process alive until it is closed',
  { timeout },
  async (t) => {
    const listener = await listen(t);
    const main = async ({ connect }, address) => {
      const socket = connect(address);
      await socket.opened;
      // Only fires if something else keeps the process alive for so long.
      setTimeout(() => {
        console.log('alive');
        socket.close();
      }, 500).unref();
    };
    assert.deepEqual(await run(t, main, { args: [listener.address] }), wrote('alive\n'));
  },
);

test('a socket that is connecting keeps the process alive', { timeout }, async (t) => {
  const { address } = await fullBacklog(t);
  const main = ({ connect }, target) => {
    const socket = connect(target);
    setTimeout(() => {
      console.log('alive');
      socket.close();
    }, 500).unref();
  };
  assert.deepEqual(await run(t, main, { args: [address] }), wrote('alive\n'));
});

test('unref() lets the process exit although the socket is open', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address) => {
    const socket = connect(address);
    globalThis.held = socket;
    await socket.opened;
    console.log(socket.unref() === socket);
    process.on('exit', () => console.log('exit'));
  };
  assert.deepEqual(await run(t, main, { args: [listener.address] }), wrote('true\nexit\n'));
});

test('unref() lets the process exit although a read and a write wait', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address) => {
    const socket = connect(address);
    await socket.opened;
    socket.readable.getReader().read();
    socket.writable.getWriter().write(new Uint8Array(64 << 20));
    socket.unref();
  };
  assert.deepEqual(await run(t, main, { args: [listener.address] }), EXITED);
});

test('unref() lets the process exit although the socket is connecting', { timeout }, async (t) => {
  const { address } = await fullBacklog(t);
  const main = ({ connect }, addresses) => {
    for (const target of addresses) connect(target).unref();
  };
  assert.deepEqual(await run(t, main, { args: [[address, 'nothing.invalid:80']] }), EXITED);
});

test('unref() before the socket opens holds afterwards', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address) => {
    const socket = connect(address).unref();
    globalThis.held = socket;
    const timer = setTimeout(() => {}, 30_000);
    await socket.opened;
    clearTimeout(timer);
    console.log('opened');
  };
  assert.deepEqual(await run(t, main, { args: [listener.address] }), wrote('opened\n'));
});

test('ref() undoes unref(), however often', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address) => {
    const socket = connect(address);
    socket.unref().unref();
    console.log(socket.ref() === socket);
    await socket.opened;
    socket.unref().ref().ref();
    setTimeout(() => {
      console.log('alive');
      socket.unref();
    }, 500).unref();
    globalThis.held = socket;
  };
  assert.deepEqual(await run(t, main, { args: [listener.address] }), wrote('true\nalive\n'));
});

test('a socket that was unref()ed does not let go of the others', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address) => {
    const [idle, busy] = [connect(address), connect(address)];
    globalThis.held = [idle, busy];
    await Promise.all([idle.opened, busy.opened]);
    idle.unref();
    setTimeout(() => {
      console.log('alive');
      busy.close();
    }, 500).unref();
  };
  assert.deepEqual(await run(t, main, { args: [listener.address] }), wrote('alive\n'));
});

test('ref() and unref() of a socket that is closed do nothing', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address, nobody) => {
    const closed = connect(address);
    await closed.opened;
    await closed.close();
    closed.unref().ref();
    closed.ref();
    const failed = connect(nobody);
    await failed.opened.catch(() => {});
    failed.ref();
  };
  const args = [listener.address, `127.0.0.1:${await refusedPort(t)}`];
  assert.deepEqual(await run(t, main, { args }), EXITED);
});

test('a process whose sockets are all closed, however, exits', { timeout }, async (t) => {
  const listener = await listen(t);
  const serve = async (peer) => {
    const what = `${await peer.take(1)}`;
    if (what === 'E') await peer.end();
    if (what === 'R') peer.raw.resetAndDestroy();
  };
  (async () => {
    // The connection that is closed while it is pending brings no byte.
    for (;;) serve(await listener.accept()).catch(() => {});
  })();
  const main = async ({ connect }, address, refused) => {
    const used = (what) => {
      const socket = connect(address);
      globalThis[what] = socket;
      socket.writable.getWriter().write(what);
      return socket;
    };
    const closed = used('C');
    await closed.opened;
    await closed.close();

    const ended = used('E');
    await ended.readable.getReader().read();
    await ended.closed;

    const reset = used('R');
    await reset.readable
      .getReader()
      .read()
      .catch(() => {});
    await reset.closed;

    const failed = connect(refused);
    globalThis.failed = failed;
    await failed.closed.catch(() => {});

    const halfOpen = connect(address, { allowHalfOpen: true });
    globalThis.halfOpen = halfOpen;
    const writer = halfOpen.writable.getWriter();
    await writer.write('E');
    await halfOpen.readable.getReader().read();
    await writer.close();
    await halfOpen.closed;

    const pending = connect(address);
    globalThis.pending = pending;
    pending.close();
    console.log('all closed');
  };
  const args = [listener.address, `127.0.0.1:${await refusedPort(t)}`];
  assert.deepEqual(await run(t, main, { args }), wrote('all closed\n'));
});

test(
  'a close that waits for the peer keeps the process alive until everything is delivered',
  { timeout },
  async (t) => {
    const listener = await listen(t);
    const child = start(
      t,
      async ({ connect }, address) => {
        const socket = connect(address);
        await socket.opened;
        socket.writable.getWriter().write(new Uint8Array(64 << 20));
        socket.close();
        setTimeout(() => console.log('waiting'), 200).unref();
      },
      { args: [listener.address] },
    );
    const peer = await listener.accept();
    assert.equal(await child.line(), 'waiting');
    const { bytes, end } = await peer.rest();
    assert.deepEqual([bytes.length, end], [64 << 20, 'FIN']);
    assert.deepEqual(await child.ended, wrote('waiting\n'));
  },
);

test(
  'what was written is delivered when closed has resolved, whatever the process does then',
  { timeout },
  async (t) => {
    const listener = await listen(t);
    const main = async ({ connect }, address) => {
      const socket = connect(address);
      await socket.opened;
      socket.writable.getWriter().write(new Uint8Array(16 << 20));
      await socket.close();
      process.exit(5);
    };
    const child = run(t, main, { args: [listener.address] });
    const peer = await listener.accept();
    const { bytes, end } = await peer.rest();
    assert.deepEqual([bytes.length, end], [16 << 20, 'FIN']);
    assert.deepEqual(await child, { ...EXITED, code: 5 });
  },
);

test('process.exit() in the middle of a transfer exits at once with its code', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address) => {
    const up = connect(address);
    const down = connect(address);
    await Promise.all([up.opened, down.opened]);
    const writer = up.writable.getWriter();
    (async () => {
      for (;;) await writer.write(new Uint8Array(1 << 20)).catch(() => {});
    })();
    let received = 0;
    for await (const chunk of down.readable) {
      received += chunk.byteLength;
      if (received > 1 << 20) process.exit(7);
    }
  };
  const child = run(t, main, { args: [listener.address] });
  const peers = [await listener.accept(), await listener.accept()];
  for (const peer of peers) {
    peer.raw.on('error', () => {});
    peer.raw.write(Buffer.alloc(32 << 20));
    peer.raw.resume();
  }
  assert.deepEqual(await child, { ...EXITED, code: 7 });
});

test('what is written while the process exits arrives', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address) => {
    // Two, since each writer sends its second write only when the first is done, as the standard has it.
    const writers = [connect(address), connect(address)].map((socket) => socket.writable.getWriter());
    await Promise.all(writers.map((writer) => writer.write('before, ')));
    const say = (word) => writers.map((writer) => writer.write(word));
    process.on('exit', () => say('in exit'));
    setImmediate(() => process.exit());
  };
  const child = run(t, main, { args: [listener.address] });
  const peers = [await listener.accept(), await listener.accept()];
  for (const peer of peers) assert.equal(`${(await peer.rest()).bytes}`, 'before, in exit');
  assert.deepEqual(await child, EXITED);
});

test('sockets go on while the timers of a test stand still', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address) => {
    // As fake timers do it.
    for (const name of ['setImmediate', 'setTimeout', 'queueMicrotask'])
      globalThis[name] = () => ({ unref() {} });
    process.nextTick = () => {};
    const timers = process.getBuiltinModule?.('node:timers') ?? {};
    for (const name of ['setImmediate', 'setTimeout']) timers[name] = globalThis[name];
    const socket = connect(address);
    const writer = socket.writable.getWriter();
    const writing = (async () => {
      for (let i = 0; i < 1000; i++) await writer.write('0123456789');
      await writer.close();
    })();
    let size = 0;
    for await (const chunk of socket.readable) size += chunk.length;
    await writing;
    await socket.closed;
    console.log(size);
  };
  const child = run(t, main, { args: [listener.address] });
  (await listener.accept()).echo();
  assert.deepEqual(await child, wrote('10000\n'));
});

test('a process that is kept alive by something else goes on after its sockets', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address) => {
    const socket = connect(address);
    await socket.opened;
    await socket.close();
    setTimeout(() => console.log('later'), 100);
  };
  assert.deepEqual(await run(t, main, { args: [listener.address] }), wrote('later\n'));
});
