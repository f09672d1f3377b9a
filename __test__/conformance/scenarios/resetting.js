/** The peer's RST. */
import { caught, latin1, readText, utf8 } from '../harness.js';

/** @type {import('../harness.js').Scenario[]} */
export const resetting = [
  {
    name: 'RST rejects a read that waits',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const read = fate(socket.readable.getReader().read());
      await peer.reset();
      return { read: await read };
    },
  },
  {
    name: 'RST rejects a BYOB read that waits',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const read = fate(socket.readable.getReader({ mode: 'byob' }).read(new Uint8Array(8)));
      await peer.reset();
      return { read: await read };
    },
  },
  {
    name: 'RST during a read resolves closed',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const read = fate(socket.readable.getReader().read());
      await peer.reset();
      return { read: await read, closed: await fate(socket.closed) };
    },
  },
  {
    name: 'RST on an idle socket leaves closed pending until somebody reads',
    async run({ connect, address, fate, peer, pending }) {
      const socket = connect(address);
      await socket.opened;
      await peer.reset();
      const isPending = await pending(socket.closed);
      const read = await fate(socket.readable.getReader().read());
      return { isPending, read, closed: await fate(socket.closed) };
    },
  },
  {
    name: 'a read after RST on an idle socket rejects',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      await peer.reset();
      return { read: await fate(socket.readable.getReader().read()) };
    },
  },
  {
    name: 'a write after RST on an idle socket rejects',
    async run({ connect, address, fate, peer, quiesce }) {
      const socket = connect(address);
      await socket.opened;
      await peer.reset();
      await quiesce();
      return { write: await fate(socket.writable.getWriter().write(utf8('late'))) };
    },
  },
  {
    name: 'RST rejects reader.closed',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader();
      const read = fate(reader.read());
      await peer.reset();
      await read;
      return { closed: await fate(reader.closed) };
    },
  },
  {
    name: 'a second read after RST rejects with the same error',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader();
      const read = caught(reader.read());
      await peer.reset();
      const first = await read;
      const second = await caught(reader.read());
      return { error: first instanceof Error, same: first === second };
    },
  },
  {
    name: 'RST rejects a write that waits for the peer',
    peer: 'never reads',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const write = fate(socket.writable.getWriter().write(new Uint8Array(16 << 20)));
      await peer.accepted();
      await peer.reset();
      return { write: await write };
    },
  },
  {
    name: 'RST rejects the writes that are queued behind one that waits',
    peer: 'never reads',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      const writes = [new Uint8Array(16 << 20), utf8('a'), utf8('b')].map((chunk) =>
        fate(writer.write(chunk)),
      );
      await peer.accepted();
      await peer.reset();
      return { writes: await Promise.all(writes), closed: await fate(writer.closed) };
    },
  },
  {
    name: 'RST rejects writer.close() that waits for the peer',
    peer: 'never reads',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      const write = fate(writer.write(new Uint8Array(16 << 20)));
      const close = fate(writer.close());
      await peer.accepted();
      await peer.reset();
      return { write: await write, close: await close };
    },
  },
  {
    name: 'RST during a read errors the writable too',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      const read = fate(socket.readable.getReader().read());
      await peer.reset();
      await read;
      await socket.closed;
      return { write: await fate(writer.write(utf8('late'))), closed: await fate(writer.closed) };
    },
  },
  {
    name: 'RST during a write errors the readable too',
    peer: 'never reads',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const write = fate(socket.writable.getWriter().write(new Uint8Array(16 << 20)));
      await peer.accepted();
      await peer.reset();
      await write;
      return { read: await fate(socket.readable.getReader().read()) };
    },
  },
  {
    name: 'data that came before RST can still be read',
    onLinux: true,
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader();
      const first = reader.read();
      await peer.send('first');
      const value = latin1((await first).value);
      await peer.send('second');
      await peer.reset();
      return { first: value, second: await fate(reader.read()), third: await fate(reader.read()) };
    },
  },
  {
    name: 'RST on the first byte: the write was taken, the read rejects',
    peer: 'resets on the first byte',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const write = await fate(socket.writable.getWriter().write(utf8('x')));
      return {
        write,
        read: await fate(socket.readable.getReader().read()),
        closed: await fate(socket.closed),
      };
    },
  },
  {
    name: 'RST with allowHalfOpen resolves closed too',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address, { allowHalfOpen: true });
      await socket.opened;
      const read = fate(socket.readable.getReader().read());
      await peer.reset();
      return { read: await read, closed: await fate(socket.closed) };
    },
  },
  {
    name: 'RST rejects readable.pipeTo() and aborts its destination',
    async run({ connect, address, fate, peer, kind }) {
      const socket = connect(address);
      await socket.opened;
      /** @type {any} */ let aborted = 'not aborted';
      const piped = fate(
        socket.readable.pipeTo(new WritableStream({ abort: (reason) => (aborted = kind(reason)) })),
      );
      await peer.reset();
      return { piped: await piped, aborted };
    },
  },
  {
    name: 'RST during for await throws in the loop',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const loop = async () => {
        for await (const chunk of socket.readable) if (chunk.length === 0) break;
      };
      const looped = fate(loop());
      await peer.reset();
      return { loop: await looped };
    },
  },
  {
    name: 'close() after RST resolves',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const read = fate(socket.readable.getReader().read());
      await peer.reset();
      await read;
      return { close: await fate(socket.close()) };
    },
  },
  {
    name: 'close() after RST that nobody has seen yet resolves',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      await peer.reset();
      return { close: await fate(socket.close()) };
    },
  },
  {
    name: 'RST while close() waits for the peer resolves close()',
    peer: 'never reads',
    async run({ connect, address, fate, peer, quiesce }) {
      const socket = connect(address);
      await socket.opened;
      const write = fate(socket.writable.getWriter().write(new Uint8Array(16 << 20)));
      const close = fate(socket.close());
      await peer.accepted();
      await quiesce();
      await peer.reset();
      return { write: 'rejected' in (await write), close: await close };
    },
  },
  {
    name: 'opened stays resolved after RST',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      const info = await socket.opened;
      await peer.reset();
      await fate(socket.readable.getReader().read());
      await fate(socket.closed);
      return { same: (await socket.opened) === info };
    },
  },
  {
    name: 'a write after FIN that the peer answers with RST rejects sooner or later',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address, { allowHalfOpen: true });
      await socket.opened;
      await peer.end();
      await readText(socket.readable.getReader());
      const writer = socket.writable.getWriter();
      await peer.reset();
      const attempts = (async () => {
        for (;;) {
          await writer.write(utf8('x'));
          await peer.ping();
        }
      })();
      return { attempts: await fate(attempts) };
    },
  },
];
