/** `close()` on a socket that is open, in all its forms. */
import { utf8 } from '../harness.js';

/** @type {import('../harness.js').Scenario[]} */
export const closing = [
  {
    name: 'close() on an idle socket resolves, and the peer sees FIN',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      return {
        close: await fate(socket.close()),
        closed: await fate(socket.closed),
        peer: await peer.ended(),
      };
    },
  },
  {
    name: 'close() does not wait for the peer to close',
    peer: 'recorder',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const close = await fate(socket.close());
      return { close, peer: await peer.ended() };
    },
  },
  {
    name: 'close() releases the descriptor even if the peer never closes',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const close = await fate(socket.close());
      return { close, peer: await peer.ended(), released: await peer.refused() };
    },
  },
  {
    name: 'close() twice settles twice',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const [one, two] = [socket.close(), socket.close()];
      return { one: await fate(one), two: await fate(two), later: await fate(socket.close()) };
    },
  },
  {
    name: 'close() delivers what was written before it',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const write = socket.writable.getWriter().write(utf8('before the end'));
      return { close: await fate(socket.close()), write: await fate(write), peer: await peer.ended() };
    },
  },
  {
    name: 'close() delivers many queued writes in order',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      const writes = Array.from({ length: 20 }, (_, index) => writer.write(utf8(`${index};`)));
      const close = await fate(socket.close());
      const fates = await Promise.all(writes.map(fate));
      return {
        close,
        resolved: fates.filter((write) => 'resolved' in write).length,
        peer: await peer.ended(),
      };
    },
  },
  {
    name: 'close() delivers megabytes that the peer begins to read later',
    peer: 'never reads',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const write = fate(socket.writable.getWriter().write(new Uint8Array(8 << 20).fill(7)));
      const close = fate(socket.close());
      await peer.resume();
      return { write: await write, close: await close, peer: await peer.ended() };
    },
  },
  {
    name: 'close() stays pending while the peer accepts no bytes',
    peer: 'never reads',
    async run({ connect, address, pending }) {
      const socket = connect(address);
      await socket.opened;
      socket.writable
        .getWriter()
        .write(new Uint8Array(16 << 20))
        .catch(() => {});
      return { pending: await pending(socket.close()) };
    },
  },
  {
    name: 'close() answers a read that waits with { done: true }',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const read = socket.readable.getReader().read();
      const close = socket.close();
      return { read: await fate(read), close: await fate(close) };
    },
  },
  {
    name: 'close() answers a BYOB read that waits with { done: true } and an empty view',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const read = socket.readable.getReader({ mode: 'byob' }).read(new Uint8Array(16));
      const close = socket.close();
      return { read: await fate(read), close: await fate(close) };
    },
  },
  {
    name: 'close() does not wait for the peer before it answers a read',
    async run({ connect, address, pending }) {
      const socket = connect(address);
      await socket.opened;
      const read = socket.readable.getReader().read();
      socket.close();
      return { pending: await pending(read) };
    },
  },
  {
    name: 'a read after close() gives { done: true }',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      await socket.close();
      return { read: await fate(socket.readable.getReader().read()) };
    },
  },
  {
    name: 'a read in the same turn as close() gives { done: true }',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader();
      socket.close();
      return { read: await fate(reader.read()) };
    },
  },
  {
    name: 'close() discards what has arrived and nobody has read',
    peer: 'greets and waits',
    async run({ connect, address, fate, peer, quiesce }) {
      const socket = connect(address);
      await socket.opened;
      await peer.accepted();
      await quiesce();
      const close = await fate(socket.close());
      return { close, read: await fate(socket.readable.getReader().read()) };
    },
  },
  {
    name: 'reader.closed resolves after close()',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader();
      await socket.close();
      return { closed: await fate(reader.closed) };
    },
  },
  {
    name: 'writer.closed rejects after close()',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      await socket.close();
      return { closed: await fate(writer.closed), desiredSize: tryDesiredSize(writer) };
    },
  },
  {
    name: 'a write after close() rejects',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      await socket.close();
      return { write: await fate(writer.write(utf8('late'))) };
    },
  },
  {
    name: 'a write in the same turn as close() rejects and is not delivered',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      socket.close();
      return { write: await fate(writer.write(utf8('late'))), peer: await peer.ended() };
    },
  },
  {
    name: 'close() works while a reader and a writer hold the streams',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      socket.readable.getReader();
      socket.writable.getWriter();
      const close = await fate(socket.close());
      return { close, locked: [socket.readable.locked, socket.writable.locked] };
    },
  },
  {
    name: 'a reader that close() overtook can still release its lock',
    async run({ connect, address, attempt }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader();
      const writer = socket.writable.getWriter();
      await socket.close();
      return { reader: attempt(() => reader.releaseLock()), writer: attempt(() => writer.releaseLock()) };
    },
  },
];

/** The getter may throw in a stream that was aborted. */
function tryDesiredSize(/** @type {any} */ writer) {
  try {
    return writer.desiredSize;
  } catch {
    return 'throws';
  }
}
