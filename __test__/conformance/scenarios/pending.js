/** What a socket is between `connect()` and `opened`. */
import { caught, readText, utf8 } from '../harness.js';

/** @type {import('../harness.js').Scenario[]} */
export const pending = [
  {
    name: 'connect() returns a socket at once, before anything has settled',
    async run({ connect, address, peer }) {
      const log = /** @type {string[]} */ ([]);
      const socket = connect(address);
      socket.opened.then(() => log.push('opened'));
      socket.closed.then(() => log.push('closed'));
      log.push('returned');
      await Promise.resolve();
      log.push('a microtask later');
      await socket.opened;
      await peer.accepted();
      return { log, peer: await peer.state() };
    },
  },
  {
    name: 'opened resolves although nobody touches the streams',
    async run({ connect, address, peer, pending }) {
      const socket = connect(address);
      await socket.opened;
      await peer.accepted();
      return { closedPending: await pending(socket.closed), peer: await peer.state() };
    },
  },
  {
    name: 'what was written before the socket opened is delivered in order',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      const writer = socket.writable.getWriter();
      const writes = ['one,', 'two,', 'three'].map((text) => writer.write(utf8(text)));
      const fates = await Promise.all(writes.map(fate));
      return { fates, peer: await peer.received(13) };
    },
  },
  {
    name: 'a write before the socket opened resolves after opened',
    async run({ connect, address }) {
      const log = /** @type {string[]} */ ([]);
      const socket = connect(address);
      const write = socket.writable.getWriter().write(new Uint8Array(1));
      write.then(() => log.push('written'));
      socket.opened.then(() => log.push('opened'));
      await Promise.all([write, socket.opened]);
      return { log };
    },
  },
  {
    name: 'a read that began before the socket opened gets the first bytes',
    peer: 'greets and waits',
    async run({ connect, address }) {
      return { read: await readText(connect(address).readable.getReader(), 5) };
    },
  },
  {
    name: 'a read that began before the socket opened settles after opened',
    peer: 'greets and waits',
    async run({ connect, address }) {
      const log = /** @type {string[]} */ ([]);
      const socket = connect(address);
      const read = socket.readable.getReader().read();
      read.then(() => log.push('read'));
      socket.opened.then(() => log.push('opened'));
      await Promise.all([read, socket.opened]);
      return { log };
    },
  },
  {
    name: 'a connection attempt that nobody answers stays pending',
    onLinux: true,
    peer: 'never accepts',
    async run({ connect, address, pending }) {
      const socket = connect(address);
      const read = socket.readable.getReader().read();
      const writer = socket.writable.getWriter();
      const write = writer.write(new Uint8Array(1));
      return { pending: await pending(socket.opened, socket.closed, read, write) };
    },
  },
  {
    name: 'close() while the connection attempt hangs settles opened and closed at once',
    onLinux: true,
    peer: 'never accepts',
    async run({ connect, address, pending }) {
      const socket = connect(address);
      const closed = socket.close();
      return { pending: await pending(socket.opened, closed) };
    },
  },
  {
    name: 'close() while the connection attempt hangs settles reads and writes at once',
    onLinux: true,
    peer: 'never accepts',
    async run({ connect, address, pending }) {
      const socket = connect(address);
      const read = socket.readable.getReader().read();
      const write = socket.writable.getWriter().write(new Uint8Array(1));
      socket.close();
      return { pending: await pending(read, write) };
    },
  },
  {
    name: 'close() in the same turn as connect() rejects opened and resolves closed',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      const closed = socket.close();
      return { opened: await fate(socket.opened), closed: await fate(closed) };
    },
  },
  {
    name: 'close(reason) in the same turn as connect() rejects opened with the reason',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      const reason = { mine: true };
      const closed = socket.close(reason);
      const opened = await socket.opened.then(
        () => 'resolves',
        (/** @type {any} */ error) =>
          error === reason ? 'rejects with the reason' : 'rejects with something else',
      );
      return { opened, closed: await fate(closed) };
    },
  },
  {
    name: 'close() in the same turn as connect() ends a pending read',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      const read = socket.readable.getReader().read();
      socket.close();
      return { read: await fate(read) };
    },
  },
  {
    name: 'what was written before close() in the same turn as connect() is not delivered',
    async run({ connect, address, fate, peer, quiesce }) {
      const socket = connect(address);
      const write = socket.writable.getWriter().write(utf8('too late'));
      const closed = socket.close();
      const fates = { write: await fate(write), closed: await fate(closed) };
      await quiesce();
      return { ...fates, received: (await peer.state()).received ?? '' };
    },
  },
  {
    name: 'readable.cancel() before the socket opened leaves the connection',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      const cancelled = await fate(socket.readable.cancel());
      const writer = socket.writable.getWriter();
      await fate(writer.write(utf8('still')));
      return { cancelled, opened: await socket.opened.then(() => 'opens'), peer: await peer.received(5) };
    },
  },
  {
    name: 'writer.close() before the socket opened sends what was written, then FIN',
    async run({ connect, address, fate, peer }) {
      const writer = connect(address).writable.getWriter();
      const write = writer.write(utf8('all'));
      const close = writer.close();
      return { write: await fate(write), close: await fate(close), peer: await peer.ended() };
    },
  },
  {
    name: 'writer.abort() before the socket opened rejects the queued writes with the reason',
    async run({ connect, address }) {
      const socket = connect(address);
      const writer = socket.writable.getWriter();
      const reason = new Error('mine');
      const write = caught(writer.write(utf8('nothing')));
      const aborted = writer.abort(reason);
      await aborted;
      return {
        sameError: (await write) === reason,
        opened: await socket.opened.then(
          () => 'opens',
          () => 'fails',
        ),
      };
    },
  },
  {
    name: 'hundreds of sockets can be pending at once',
    peer: 'echo',
    async run({ connect, address }) {
      const sockets = Array.from({ length: 200 }, () => connect(address));
      const texts = await Promise.all(
        sockets.map(async (socket, index) => {
          const writer = socket.writable.getWriter();
          await writer.write(utf8(`number ${index}`));
          return readText(socket.readable.getReader(), `number ${index}`.length);
        }),
      );
      return { right: texts.filter((text, index) => text === `number ${index}`).length };
    },
  },
];
