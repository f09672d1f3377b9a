/** `close(reason)`, and `close()` after or during something else. */
import { caught, readText, utf8 } from '../harness.js';

/** @type {import('../harness.js').Scenario[]} */
export const closingAfter = [
  {
    name: 'close(reason) resolves closed and keeps the reason out of it',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      return { close: await fate(socket.close(new Error('mine'))), closed: await fate(socket.closed) };
    },
  },
  {
    name: 'close(reason) aborts the writable with the reason',
    async run({ connect, address }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      const reason = new Error('mine');
      await socket.close(reason);
      const write = await caught(writer.write(utf8('late')));
      const closed = await caught(writer.closed);
      return { write: write === reason, closed: closed === reason };
    },
  },
  {
    name: 'close(reason) delivers what was written before it',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const write = socket.writable.getWriter().write(utf8('before'));
      const close = await fate(socket.close(new Error('mine')));
      return { close, write: await fate(write), peer: await peer.ended() };
    },
  },
  {
    name: 'opened stays resolved after close()',
    async run({ connect, address }) {
      const socket = connect(address);
      const info = await socket.opened;
      await socket.close();
      return { same: (await socket.opened) === info };
    },
  },
  {
    name: 'close() after writer.close() resolves',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      const writer = socket.writable.getWriter();
      await writer.write(utf8('done'));
      await writer.close();
      return { close: await fate(socket.close()), peer: await peer.ended() };
    },
  },
  {
    name: 'close() after writer.abort() resolves',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      await fate(socket.writable.abort(new Error('mine')));
      return { close: await fate(socket.close()) };
    },
  },
  {
    name: 'close() while writer.close() waits for the peer delivers everything',
    peer: 'never reads',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      const write = fate(writer.write(new Uint8Array(16 << 20)));
      // Whether this resolves is left open: the stream is aborted behind what was written.
      fate(writer.close());
      const close = fate(socket.close());
      await peer.resume();
      const { received, end } = await peer.ended();
      return { write: await write, close: await close, isWhole: received.bytes === 16 << 20, end };
    },
  },
  {
    name: 'readable.cancel() and writable.abort() leave closed pending',
    async run({ connect, address, fate, pending }) {
      const socket = connect(address);
      await socket.opened;
      const cancel = await fate(socket.readable.cancel());
      const abort = await fate(socket.writable.abort(new Error('mine')));
      return { cancel, abort, pending: await pending(socket.closed) };
    },
  },
  {
    name: 'close() after readable.cancel() resolves',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      await socket.readable.cancel();
      return { close: await fate(socket.close()), peer: await peer.ended() };
    },
  },
  {
    name: 'readable.cancel() and writable.close() leave closed pending',
    async run({ connect, address, fate, peer, pending }) {
      const socket = connect(address);
      await socket.opened;
      const cancel = await fate(socket.readable.cancel());
      const close = await fate(socket.writable.close());
      const seen = await peer.ended();
      return { cancel, close, peer: seen, pending: await pending(socket.closed) };
    },
  },
  {
    name: 'readable.cancel() and writable.close() release the descriptor',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      await Promise.all([fate(socket.readable.cancel()), fate(socket.writable.close())]);
      const seen = await peer.ended();
      return { peer: seen, released: await peer.refused() };
    },
  },
  {
    name: 'close() during tee() ends both branches',
    hangsInWorkerd: true,
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const reads = socket.readable.tee().map((/** @type {any} */ branch) => fate(branch.getReader().read()));
      const close = await fate(socket.close());
      return { close, reads: await Promise.all(reads) };
    },
  },
  {
    name: 'close() during readable.pipeTo() lets the pipe finish',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const piped = fate(socket.readable.pipeTo(new WritableStream()));
      const close = await fate(socket.close());
      return { close, piped: await piped };
    },
  },
  {
    name: 'close() during for await ends the loop',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const loop = (async () => {
        for await (const chunk of socket.readable) if (chunk.length === 0) break;
        return 'ended';
      })();
      const close = await fate(socket.close());
      return { close, loop: await fate(loop) };
    },
  },
  {
    name: 'close() after the peer has ended resolves',
    peer: 'greets and ends',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      const read = await readText(socket.readable.getReader());
      return { read, close: await fate(socket.close()) };
    },
  },
  {
    name: 'close() sends FIN although something has arrived that nobody has read',
    onLinux: true,
    peer: 'greets and ends',
    async run({ connect, address, fate, peer, quiesce }) {
      const socket = connect(address);
      await socket.opened;
      await peer.accepted();
      await quiesce();
      return { close: await fate(socket.close()), peer: await peer.ended() };
    },
  },
  {
    name: 'a read that was answered before close() keeps its bytes',
    peer: 'greets and waits',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      const read = socket.readable.getReader().read();
      await read;
      const close = await fate(socket.close());
      return { read: await fate(read), close };
    },
  },
  {
    name: 'sockets that are closed at once do not disturb each other',
    peer: 'echo',
    async run({ connect, address, fate }) {
      const [one, two] = [connect(address), connect(address)];
      await Promise.all([one.opened, two.opened]);
      const close = await fate(one.close());
      await two.writable.getWriter().write(utf8('alive'));
      return { close, read: await readText(two.readable.getReader(), 5) };
    },
  },
];
