/** How a writable is closed, aborted, locked and piped into. */
import { caught, readText, utf8 } from '../harness.js';

/** @type {import('../harness.js').Scenario[]} */
export const ends = [
  {
    name: 'writer.close() sends what was written and then FIN',
    async run({ connect, address, fate, peer }) {
      const writer = connect(address).writable.getWriter();
      writer.write(utf8('all of it'));
      return {
        close: await fate(writer.close()),
        closed: await fate(writer.closed),
        peer: await peer.ended(),
      };
    },
  },
  {
    name: 'writable.close() without a writer sends FIN',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      return { close: await fate(socket.writable.close()), peer: await peer.ended() };
    },
  },
  {
    name: 'writer.close() leaves closed of the socket pending',
    async run({ connect, address, fate, peer, pending }) {
      const socket = connect(address);
      const close = await fate(socket.writable.getWriter().close());
      await peer.ended();
      return { close, pending: await pending(socket.closed) };
    },
  },
  {
    name: 'a write after writer.close() rejects',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      const close = writer.close();
      const write = await fate(writer.write(utf8('late')));
      return { write, close: await fate(close), peer: await peer.ended() };
    },
  },
  {
    name: 'a write after writer.close() rejects while the socket is pending too',
    async run({ connect, address, fate, peer }) {
      const writer = connect(address).writable.getWriter();
      const close = writer.close();
      const write = await fate(writer.write(utf8('late')));
      return { write, close: await fate(close), peer: await peer.ended() };
    },
  },
  {
    name: 'writer.close() twice rejects the second time',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      const [one, two] = [writer.close(), writer.close()];
      return { one: await fate(one), two: await fate(two) };
    },
  },
  {
    name: 'writer.abort() rejects what comes after it with its reason',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      const reason = new Error('mine');
      const abort = await fate(writer.abort(reason));
      const write = await caught(writer.write(utf8('late')));
      const closed = await caught(writer.closed);
      return { abort, write: write === reason, closed: closed === reason };
    },
  },
  {
    name: 'writer.abort() sends the peer neither FIN nor RST',
    async run({ connect, address, fate, peer, quiesce }) {
      const socket = connect(address);
      await socket.opened;
      const abort = await fate(socket.writable.abort(new Error('mine')));
      await peer.accepted();
      await quiesce();
      return { abort, peer: (await peer.state()).end };
    },
  },
  {
    name: 'writer.abort() leaves the readable and closed alone',
    async run({ connect, address, fate, peer, pending }) {
      const socket = connect(address);
      await socket.opened;
      await fate(socket.writable.abort(new Error('mine')));
      const isPending = await pending(socket.closed);
      await peer.send('still');
      return { isPending, read: await readText(socket.readable.getReader(), 5) };
    },
  },
  {
    name: 'writer.abort() rejects a write that waits for the peer',
    peer: 'never reads',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      const write = fate(writer.write(new Uint8Array(16 << 20)));
      const abort = fate(writer.abort(new Error('mine')));
      return { abort: await abort, write: await write };
    },
  },
  {
    name: 'writer.abort() in the middle of a write leaves the readable open',
    peer: 'never reads',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      const write = fate(writer.write(new Uint8Array(16 << 20)));
      const abort = await fate(writer.abort(new Error('mine')));
      await peer.send('still');
      const read = await fate(socket.readable.getReader().read());
      return { abort, write: await write, read, peer: (await peer.state()).end };
    },
  },
  {
    name: 'writer.abort() in the middle of a write does not end it for the peer as if it were whole',
    peer: 'never reads',
    async run({ connect, address, fate, peer, quiesce }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      const write = fate(writer.write(new Uint8Array(16 << 20)));
      const abort = await fate(writer.abort(new Error('mine')));
      await peer.resume();
      await quiesce();
      return { abort, write: await write, peer: (await peer.state()).end };
    },
  },
  {
    name: 'a writer that released its lock leaves its writes to finish',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      const one = socket.writable.getWriter();
      const write = one.write(utf8('one,'));
      one.releaseLock();
      const two = socket.writable.getWriter();
      await two.write(utf8('two'));
      return { write: await fate(write), peer: await peer.received(7) };
    },
  },
  {
    name: 'a second writer cannot be got while the first holds the lock',
    async run({ connect, address, attempt }) {
      const { writable } = connect(address);
      writable.getWriter();
      return { attempt: attempt(() => writable.getWriter()), locked: writable.locked };
    },
  },
  {
    name: 'a stream can be piped into the writable',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      const source = new Response('from a response').body;
      return {
        piped: await fate(/** @type {any} */ (source).pipeTo(socket.writable)),
        peer: await peer.ended(),
      };
    },
  },
  {
    name: 'a stream of strings can be piped into the writable',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      const source = new ReadableStream({
        start(controller) {
          controller.enqueue('one,');
          controller.enqueue('two');
          controller.close();
        },
      });
      return { piped: await fate(source.pipeTo(socket.writable)), peer: await peer.ended() };
    },
  },
  {
    name: 'pipeTo() with preventClose leaves the writable open',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      const source = /** @type {any} */ (new Response('first,').body);
      const piped = await fate(source.pipeTo(socket.writable, { preventClose: true }));
      await socket.writable.getWriter().write(utf8('second'));
      return { piped, peer: await peer.received(12) };
    },
  },
  {
    name: 'a source that fails aborts the writable it is piped into',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const reason = new Error('mine');
      const source = new ReadableStream({
        pull(controller) {
          controller.error(reason);
        },
      });
      const piped = await source.pipeTo(socket.writable).catch((error) => error === reason);
      const write = await fate(socket.writable.getWriter().write(utf8('late')));
      return { piped, write };
    },
  },
];
