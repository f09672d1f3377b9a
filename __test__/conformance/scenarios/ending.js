/** The peer's FIN, with and without `allowHalfOpen`. */
import { pattern, readPattern, readText, utf8 } from '../harness.js';

/** @type {import('../harness.js').Scenario[]} */
export const ending = [
  {
    name: 'FIN closes the readable after the last byte',
    peer: 'greets and ends',
    async run({ connect, address, fate }) {
      const reader = connect(address).readable.getReader();
      const read = await readText(reader);
      return { read, again: await fate(reader.read()), closed: await fate(reader.closed) };
    },
  },
  {
    name: 'FIN without data ends the first read',
    peer: 'ends at once',
    async run({ connect, address, fate }) {
      return { read: await fate(connect(address).readable.getReader().read()) };
    },
  },
  {
    name: 'FIN ends a read that waits',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const read = socket.readable.getReader().read();
      await peer.end();
      return { read: await fate(read) };
    },
  },
  {
    name: 'FIN ends a BYOB read that waits with an empty view',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      const read = socket.readable.getReader({ mode: 'byob' }).read(new Uint8Array(8));
      await peer.end();
      const { value, done } = await read;
      return { done, length: value?.byteLength ?? 'no view', buffer: value?.buffer.byteLength ?? 'no view' };
    },
  },
  {
    name: 'FIN resolves closed once the readable has been read to its end',
    peer: 'greets and ends',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      const read = await readText(socket.readable.getReader());
      return { read, closed: await fate(socket.closed), peer: await peer.ended() };
    },
  },
  {
    name: 'FIN leaves closed pending while data is unread',
    peer: 'greets and ends',
    async run({ connect, address, peer, pending }) {
      const socket = connect(address);
      await socket.opened;
      await peer.accepted();
      return { pending: await pending(socket.closed), peer: (await peer.state()).end };
    },
  },
  {
    name: 'FIN leaves closed pending while nobody reads, even without data',
    peer: 'ends at once',
    async run({ connect, address, peer, pending }) {
      const socket = connect(address);
      await socket.opened;
      await peer.accepted();
      return { pending: await pending(socket.closed), peer: (await peer.state()).end };
    },
  },
  {
    name: 'FIN leaves closed pending while part of the data is unread',
    async run({ connect, address, peer, fate, pending }) {
      const socket = connect(address);
      await socket.opened;
      await peer.send('abcdef');
      await peer.end();
      const reader = socket.readable.getReader({ mode: 'byob' });
      const first = await fate(reader.read(new Uint8Array(3)));
      const isPending = await pending(socket.closed);
      const second = await fate(reader.read(new Uint8Array(3)));
      const stillPending = await pending(socket.closed);
      const end = (await reader.read(new Uint8Array(3))).done;
      return { first, isPending, second, stillPending, end, closed: await fate(socket.closed) };
    },
  },
  {
    name: 'FIN is answered with FIN once it has been read',
    peer: 'greets and ends',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await readText(socket.readable.getReader());
      return { peer: await peer.ended() };
    },
  },
  {
    name: 'a write after FIN was read rejects',
    peer: 'greets and ends',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await readText(socket.readable.getReader());
      await socket.closed;
      return { write: await fate(socket.writable.getWriter().write(utf8('late'))) };
    },
  },
  {
    name: 'a write of a held writer after FIN was read rejects',
    peer: 'greets and ends',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      const writer = socket.writable.getWriter();
      await readText(socket.readable.getReader());
      await socket.closed;
      return { write: await fate(writer.write(utf8('late'))), peer: await peer.ended() };
    },
  },
  {
    name: 'FIN that was read errors a writable that somebody holds',
    peer: 'greets and ends',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      const writer = socket.writable.getWriter();
      await readText(socket.readable.getReader());
      await socket.closed;
      return { closed: await fate(writer.closed), ready: await fate(writer.ready) };
    },
  },
  {
    name: 'writer.close() after FIN was read rejects',
    peer: 'greets and ends',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      const writer = socket.writable.getWriter();
      await readText(socket.readable.getReader());
      await socket.closed;
      return { close: await fate(writer.close()) };
    },
  },
  {
    name: 'what was written when FIN is read is delivered before FIN is answered',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      const writer = socket.writable.getWriter();
      const reader = socket.readable.getReader();
      await socket.opened;
      await peer.end();
      const writes = ['a', 'b', 'c'].map((text) => writer.write(utf8(text)));
      const read = reader.read();
      const fates = await Promise.all(writes.map(fate));
      return { fates, read: await fate(read), closed: await fate(socket.closed), peer: await peer.ended() };
    },
  },
  {
    name: 'a write after FIN has come, before it is read, is delivered',
    async run({ connect, address, fate, peer, quiesce }) {
      const socket = connect(address);
      await socket.opened;
      await peer.send('unread');
      await peer.end();
      await quiesce();
      const write = await fate(socket.writable.getWriter().write(utf8('still')));
      return { write, peer: await peer.received(5) };
    },
  },
  {
    name: 'closed stays pending while reading stops short of the end',
    async run({ connect, address, fate, peer, pending }) {
      const socket = connect(address);
      await socket.opened;
      await peer.send('abc');
      await peer.end();
      const reader = socket.readable.getReader();
      const text = await readText(reader, 3);
      const isPending = await pending(socket.closed);
      return { text, isPending, end: (await reader.read()).done, closed: await fate(socket.closed) };
    },
  },
  {
    name: 'FIN waits for a large write to be flushed before closed resolves',
    peer: 'never reads',
    async run({ connect, address, fate, peer, pending }) {
      const socket = connect(address);
      await socket.opened;
      const write = socket.writable.getWriter().write(pattern(8 << 20));
      const read = socket.readable.getReader().read();
      await peer.end();
      const first = await fate(read);
      const isPending = await pending(socket.closed);
      await peer.resume();
      const seen = await peer.ended();
      return {
        read: first,
        isPending,
        write: await fate(write),
        closed: await fate(socket.closed),
        peer: seen,
      };
    },
  },
  {
    name: 'closed resolves after the read that sees the end',
    peer: 'ends at once',
    async run({ connect, address }) {
      const log = /** @type {string[]} */ ([]);
      const socket = connect(address);
      const read = socket.readable.getReader().read();
      read.then(() => log.push('read'));
      socket.closed.then(() => log.push('closed'));
      await Promise.all([read, socket.closed]);
      return { log };
    },
  },
  {
    name: 'opened resolves before the end is read',
    peer: 'ends at once',
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
    name: 'a large transfer that ends with FIN arrives whole',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      await peer.sendBytes(3_000_000);
      const ended = peer.end();
      const read = await readPattern(socket.readable.getReader());
      await ended;
      return { read, closed: await fate(socket.closed) };
    },
  },
  {
    name: 'readable.cancel() before FIN leaves the writable usable',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const cancel = await fate(socket.readable.cancel());
      await peer.end();
      const write = await fate(socket.writable.getWriter().write(utf8('still')));
      return { cancel, write, peer: await peer.received(5) };
    },
  },
  {
    name: 'allowHalfOpen: FIN leaves closed pending after the readable has ended',
    peer: 'greets and ends',
    async run({ connect, address, peer, pending }) {
      const socket = connect(address, { allowHalfOpen: true });
      const read = await readText(socket.readable.getReader());
      return { read, pending: await pending(socket.closed), peer: (await peer.state()).end };
    },
  },
  {
    name: 'allowHalfOpen: the writable stays open after FIN',
    peer: 'greets and ends',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address, { allowHalfOpen: true });
      const read = await readText(socket.readable.getReader());
      const writer = socket.writable.getWriter();
      const write = await fate(writer.write(utf8('still here')));
      return { read, write, peer: await peer.received(10) };
    },
  },
  {
    name: 'allowHalfOpen: closed resolves when the writable is closed after FIN',
    hangsInWorkerd: true,
    peer: 'greets and ends',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address, { allowHalfOpen: true });
      const read = await readText(socket.readable.getReader());
      const writer = socket.writable.getWriter();
      await writer.write(utf8('bye'));
      const close = await fate(writer.close());
      return { read, close, closed: await fate(socket.closed), peer: await peer.ended() };
    },
  },
  {
    name: 'allowHalfOpen: closed resolves when FIN is read after the writable is closed',
    hangsInWorkerd: true,
    async run({ connect, address, fate, peer, pending }) {
      const socket = connect(address, { allowHalfOpen: true });
      const writer = socket.writable.getWriter();
      await writer.write(utf8('request'));
      const close = await fate(writer.close());
      const seen = await peer.ended();
      const isPending = await pending(socket.closed);
      await peer.send('answer');
      await peer.end();
      const read = await readText(socket.readable.getReader());
      return { close, peer: seen, isPending, read, closed: await fate(socket.closed) };
    },
  },
  {
    name: 'allowHalfOpen: close() after FIN resolves and sends FIN',
    peer: 'greets and ends',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address, { allowHalfOpen: true });
      const read = await readText(socket.readable.getReader());
      return { read, close: await fate(socket.close()), peer: await peer.ended() };
    },
  },
  {
    name: 'allowHalfOpen: writer.abort() after FIN resolves',
    peer: 'greets and ends',
    async run({ connect, address, fate }) {
      const socket = connect(address, { allowHalfOpen: true });
      await readText(socket.readable.getReader());
      const abort = await fate(socket.writable.abort(new Error('mine')));
      return { abort };
    },
  },
  {
    name: 'the writer closes first: the readable goes on',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      const writer = socket.writable.getWriter();
      await writer.write(utf8('request'));
      const close = await fate(writer.close());
      const seen = await peer.ended();
      await peer.send('a long answer');
      const reader = socket.readable.getReader();
      const read = await readText(reader, 13);
      await peer.end();
      return { close, peer: seen, read, end: await fate(reader.read()) };
    },
  },
  {
    name: 'the writer closes first: closed resolves when the peer ends too',
    async run({ connect, address, fate, peer, pending }) {
      const socket = connect(address);
      await socket.opened;
      const close = await fate(socket.writable.close());
      await peer.ended();
      const isPending = await pending(socket.closed);
      await peer.end();
      const read = await readText(socket.readable.getReader());
      return { close, isPending, read, closed: await fate(socket.closed) };
    },
  },
  {
    name: 'both sides end: the peer sees FIN and never RST',
    peer: 'polite',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      const writer = socket.writable.getWriter();
      await writer.write(utf8('all'));
      await writer.close();
      const read = await readText(socket.readable.getReader());
      return { read, closed: await fate(socket.closed), peer: await peer.ended() };
    },
  },
];
