/** What a connection that cannot be made leaves behind. */
import { caught, utf8 } from '../harness.js';

/** @type {import('../harness.js').Scenario[]} */
export const failing = [
  {
    name: 'a refused connection rejects opened and closed',
    peer: 'refuses',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      return { opened: await fate(socket.opened), closed: await fate(socket.closed) };
    },
  },
  {
    name: 'a refused connection rejects opened and closed with the same error',
    peer: 'refuses',
    async run({ connect, address }) {
      const socket = connect(address);
      const [opened, closed] = await Promise.all([caught(socket.opened), caught(socket.closed)]);
      return { same: opened === closed };
    },
  },
  {
    name: 'a refused connection rejects opened before closed',
    peer: 'refuses',
    async run({ connect, address }) {
      const log = /** @type {string[]} */ ([]);
      const socket = connect(address);
      socket.opened.catch(() => log.push('opened'));
      socket.closed.catch(() => log.push('closed'));
      await Promise.allSettled([socket.opened, socket.closed]);
      return { log };
    },
  },
  {
    name: 'a name that does not resolve rejects opened and closed',
    peer: 'refuses',
    async run({ connect, port, fate }) {
      // Not a DNS name: a label longer than 63 octets fails in every resolver without a query.
      const socket = connect({ hostname: `${'a'.repeat(64)}.localhost`, port });
      return { opened: await fate(socket.opened), closed: await fate(socket.closed) };
    },
  },
  {
    name: 'a read that waits for a connection that is refused gets { done: true }',
    peer: 'refuses',
    async run({ connect, address, fate }) {
      const reader = connect(address).readable.getReader();
      return { read: await fate(reader.read()), closed: await fate(reader.closed) };
    },
  },
  {
    name: 'a read after a refused connection gets { done: true }',
    peer: 'refuses',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await caught(socket.opened);
      const reader = socket.readable.getReader();
      return { read: await fate(reader.read()), closed: await fate(reader.closed) };
    },
  },
  {
    name: 'a write that waits for a connection that is refused rejects',
    peer: 'refuses',
    async run({ connect, address, fate }) {
      const writer = connect(address).writable.getWriter();
      const writes = [writer.write(utf8('a')), writer.write(utf8('b'))];
      return {
        writes: await Promise.all(writes.map(fate)),
        closed: await fate(writer.closed),
        ready: await fate(writer.ready),
      };
    },
  },
  {
    name: 'queued writes reject with the error of opened',
    peer: 'refuses',
    async run({ connect, address }) {
      const socket = connect(address);
      const writer = socket.writable.getWriter();
      const writes = [writer.write(utf8('a')), writer.write(utf8('b'))];
      const opened = await caught(socket.opened);
      const errors = await Promise.all(writes.map(caught));
      return { same: errors.map((error) => error === opened) };
    },
  },
  {
    name: 'a write after a refused connection rejects',
    peer: 'refuses',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await caught(socket.opened);
      const writer = socket.writable.getWriter();
      return { write: await fate(writer.write(utf8('a'))), closed: await fate(writer.closed) };
    },
  },
  {
    name: 'a write after a refused connection rejects with the error of opened',
    peer: 'refuses',
    async run({ connect, address }) {
      const socket = connect(address);
      const opened = await caught(socket.opened);
      const writer = socket.writable.getWriter();
      return { same: (await caught(writer.write(utf8('a')))) === opened };
    },
  },
  {
    name: 'writer.close() that waits for a connection that is refused rejects',
    peer: 'refuses',
    async run({ connect, address, fate }) {
      return { close: await fate(connect(address).writable.getWriter().close()) };
    },
  },
  {
    name: 'close() after a refused connection rejects with the error of closed',
    peer: 'refuses',
    async run({ connect, address }) {
      const socket = connect(address);
      const closed = await caught(socket.closed);
      return { close: (await caught(socket.close())) === closed };
    },
  },
  {
    name: 'close() after a refused connection settles like closed',
    peer: 'refuses',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await caught(socket.opened);
      return { close: await fate(socket.close()) };
    },
  },
  {
    name: 'readable.cancel() before a connection is refused resolves',
    peer: 'refuses',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      return { cancelled: await fate(socket.readable.cancel()), opened: await fate(socket.opened) };
    },
  },
  {
    name: 'readable.pipeTo() of a connection that is refused ends its destination',
    peer: 'refuses',
    async run({ connect, address, fate }) {
      const { readable, writable } = new TransformStream();
      const piped = connect(address).readable.pipeTo(writable);
      const read = fate(readable.getReader().read());
      return { piped: await fate(piped), read: await read };
    },
  },
  {
    name: 'a failure leaves the next connection alone',
    peer: 'echo',
    async run({ connect, address }) {
      const failed = await connect({ hostname: '127.0.0.1', port: 0 }).opened.then(
        () => 'opens',
        () => 'fails',
      );
      const socket = connect(address);
      return { failed, opened: await socket.opened.then(() => 'opens') };
    },
  },
];
