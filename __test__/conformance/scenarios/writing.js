/** When writes settle, in which order they arrive, and how much may wait. */
import { pattern, readText, utf8 } from '../harness.js';

/** @type {import('../harness.js').Scenario[]} */
export const writing = [
  {
    name: 'many small writes that nobody awaits arrive in order',
    async run({ connect, address, peer }) {
      const writer = connect(address).writable.getWriter();
      const writes = Array.from({ length: 1000 }, (_, index) => writer.write(utf8(`${index},`)));
      await Promise.all(writes);
      await writer.close();
      return { peer: await peer.ended() };
    },
  },
  {
    name: 'many small writes that are awaited arrive in order',
    async run({ connect, address, peer }) {
      const writer = connect(address).writable.getWriter();
      for (let index = 0; index < 500; index += 1) await writer.write(utf8(`${index},`));
      await writer.close();
      return { peer: await peer.ended() };
    },
  },
  {
    name: 'writes settle in order',
    async run({ connect, address }) {
      const writer = connect(address).writable.getWriter();
      const log = /** @type {number[]} */ ([]);
      await Promise.all(
        [0, 1, 2, 3].map((index) => writer.write(new Uint8Array(index * 1000)).then(() => log.push(index))),
      );
      return { log };
    },
  },
  {
    name: 'small writes that nobody awaits arrive before a read waits for the answer',
    peer: 'echo',
    async run({ connect, address }) {
      const socket = connect(address);
      const writer = socket.writable.getWriter();
      const reader = socket.readable.getReader();
      const texts = [];
      for (const round of [1, 2, 3]) {
        for (const part of ['a', 'b', 'c']) writer.write(utf8(`${part}${round}`));
        texts.push(await readText(reader, 6));
      }
      return { texts };
    },
  },
  {
    name: 'small writes arrive although microtasks go on',
    async run({ connect, address, peer }) {
      const writer = connect(address).writable.getWriter();
      await writer.write(utf8('first,'));
      writer.write(utf8('second,'));
      writer.write(utf8('third'));
      for (let turn = 0; turn < 1000; turn += 1) await Promise.resolve();
      return { peer: await peer.received(18) };
    },
  },
  {
    name: 'strings and bytes of many sizes arrive in order',
    async run({ connect, address, peer, fate }) {
      const writer = connect(address).writable.getWriter();
      for (const size of [1, 1000, 0, 20_000, 3, 70_000, 200_000, 5]) {
        writer.write('é'.repeat(size));
        writer.write(pattern(size));
      }
      return { close: await fate(writer.close()), peer: await peer.ended() };
    },
  },
  {
    name: 'a small write arrives although nothing follows it',
    async run({ connect, address, peer }) {
      const writer = connect(address).writable.getWriter();
      await writer.write(utf8('a'));
      const first = await peer.received(1);
      await writer.write(utf8('b'));
      writer.write(utf8('c'));
      return { first, all: await peer.received(3) };
    },
  },
  {
    name: 'a write of 4 MiB arrives whole',
    async run({ connect, address, peer, fate }) {
      const writer = connect(address).writable.getWriter();
      const write = await fate(writer.write(pattern(4 << 20)));
      await writer.close();
      return { write, peer: await peer.ended() };
    },
  },
  {
    name: 'small and large writes in turn arrive in order',
    async run({ connect, address, peer }) {
      const writer = connect(address).writable.getWriter();
      for (let size = 1; size < 1 << 20; size *= 3) writer.write(pattern(size));
      await writer.close();
      return { peer: await peer.ended() };
    },
  },
  {
    name: 'a write waits while the peer does not read, and goes on when it does',
    peer: 'never reads',
    async run({ connect, address, peer, fate, pending }) {
      const socket = connect(address);
      await socket.opened;
      const write = socket.writable.getWriter().write(new Uint8Array(16 << 20));
      const waits = await pending(write);
      await peer.resume();
      return { waits, write: await fate(write), peer: (await peer.received(16 << 20)).received };
    },
  },
  {
    name: 'a byte that is changed after the write has resolved is sent as it was',
    peer: 'recorder',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      const chunk = utf8('original');
      await writer.write(chunk);
      chunk.fill(120);
      await writer.close();
      return { peer: await peer.ended() };
    },
  },
  {
    name: 'the first write takes its bytes a microtask after write() was called',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      const chunk = utf8('original');
      const write = writer.write(chunk);
      chunk.fill(120);
      await write;
      await writer.close();
      return { peer: await peer.ended() };
    },
  },
  {
    name: 'a later write takes its bytes when write() is called',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      await writer.write(utf8('first,'));
      const chunk = utf8('original');
      const write = writer.write(chunk);
      chunk.fill(120);
      await write;
      await writer.close();
      return { peer: await peer.ended() };
    },
  },
  {
    name: 'a buffer that is changed while its write waits for the peer is sent as it was',
    peer: 'never reads',
    async run({ connect, address, fate, peer, quiesce }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      await writer.write(utf8('first,'));
      const chunk = new Uint8Array(16 << 20);
      const write = fate(writer.write(chunk));
      await quiesce();
      chunk.fill(120);
      await peer.resume();
      return { write: await write, close: await fate(writer.close()), peer: await peer.ended() };
    },
  },
  {
    name: 'a write does not detach its buffer',
    async run({ connect, address }) {
      const writer = connect(address).writable.getWriter();
      const chunk = utf8('mine');
      await writer.write(chunk);
      return { length: chunk.byteLength, detached: chunk.buffer.byteLength === 0 };
    },
  },
  {
    name: 'ready is resolved at first',
    async run({ connect, address, fate, pending }) {
      const writer = connect(address).writable.getWriter();
      return { pending: await pending(writer.ready), ready: await fate(writer.ready) };
    },
  },
  {
    name: 'ready waits while more is written than the highWaterMark',
    peer: 'never reads',
    async run({ connect, address, fate, peer, pending }) {
      const socket = connect(address, { highWaterMark: 1024 });
      await socket.opened;
      const writer = socket.writable.getWriter();
      const write = writer.write(new Uint8Array(16 << 20));
      const waits = await pending(writer.ready);
      const negative = writer.desiredSize < 0;
      await peer.resume();
      return {
        waits,
        negative,
        write: await fate(write),
        ready: await fate(writer.ready),
        after: writer.desiredSize,
      };
    },
  },
  {
    name: 'desiredSize counts the writes that wait when there is no highWaterMark',
    peer: 'never reads',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      const sizes = [writer.desiredSize];
      const write = writer.write(new Uint8Array(16 << 20));
      sizes.push(writer.desiredSize);
      const second = writer.write(utf8('more'));
      sizes.push(writer.desiredSize);
      await peer.resume();
      await Promise.all([write, second]);
      return { sizes, after: writer.desiredSize };
    },
  },
  {
    name: 'desiredSize is 0 after writer.close() and null after an error',
    async run({ connect, address, fate }) {
      const closed = connect(address).writable.getWriter();
      await closed.close();
      const errored = connect(address).writable.getWriter();
      await fate(errored.abort(new Error('mine')));
      return { closed: closed.desiredSize, errored: errored.desiredSize };
    },
  },
];
