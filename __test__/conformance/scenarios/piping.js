/** Iteration, `tee()`, pipes and `Response`. */
import { latin1, macrotask, pattern, readPattern, readText, utf8 } from '../harness.js';

/** @type {import('../harness.js').Scenario[]} */
export const piping = [
  {
    name: 'for await reads to the end',
    peer: 'greets and ends',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      let text = '';
      for await (const chunk of socket.readable) text += latin1(chunk);
      return { text, locked: socket.readable.locked, closed: await fate(socket.closed) };
    },
  },
  {
    name: 'break in for await cancels the readable and leaves closed pending',
    peer: 'greets and waits',
    async run({ connect, address, fate, pending, peer }) {
      const socket = connect(address);
      for await (const chunk of socket.readable) if (chunk) break;
      const isPending = await pending(socket.closed);
      const reader = socket.readable.getReader();
      return { isPending, read: await fate(reader.read()), peer: (await peer.state()).end };
    },
  },
  {
    name: 'values({ preventCancel }) leaves the readable usable after break',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      await peer.send('first');
      for await (const chunk of socket.readable.values({ preventCancel: true })) if (chunk) break;
      await peer.send('second');
      return { read: await readText(socket.readable.getReader(), 6) };
    },
  },
  {
    name: 'tee() gives both branches all bytes',
    peer: 'greets and ends',
    async run({ connect, address }) {
      const socket = connect(address);
      const [one, two] = socket.readable.tee();
      return { texts: await Promise.all([readText(one.getReader()), readText(two.getReader())]) };
    },
  },
  {
    name: 'tee() read to its end resolves closed',
    hangsInWorkerd: true,
    peer: 'greets and ends',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      const [one, two] = socket.readable.tee();
      await Promise.all([readText(one.getReader()), readText(two.getReader())]);
      const end = peer.ended().then((/** @type {any} */ report) => report.end);
      const [closed, seen] = await Promise.all([fate(socket.closed), fate(end)]);
      return { closed, peer: seen };
    },
  },
  {
    name: 'tee() branches hold the same bytes in buffers of their own',
    peer: 'greets and ends',
    async run({ connect, address }) {
      const [one, two] = connect(address).readable.tee();
      const chunks = await Promise.all([one.getReader().read(), two.getReader().read()]);
      const [a, b] = chunks.map((chunk) => chunk.value);
      a.fill(120);
      return { a: latin1(a), b: latin1(b) };
    },
  },
  {
    name: 'pipeTo() reads to the end and closes its destination',
    peer: 'greets and ends',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      let text = '';
      let closed = false;
      const sink = new WritableStream({
        write: (chunk) => void (text += latin1(chunk)),
        close: () => void (closed = true),
      });
      return {
        piped: await fate(socket.readable.pipeTo(sink)),
        text,
        closed,
        socket: await fate(socket.closed),
      };
    },
  },
  {
    name: 'pipeTo() that its signal aborts rejects with the reason',
    hangsInWorkerd: true,
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const controller = new AbortController();
      const reason = new Error('mine');
      const piped = socket.readable
        .pipeTo(new WritableStream(), { signal: controller.signal })
        .catch((/** @type {any} */ error) => error === reason);
      controller.abort(reason);
      return { piped: await fate(piped), locked: socket.readable.locked };
    },
  },
  {
    name: 'pipeTo() into a destination that fails cancels the readable',
    peer: 'greets and waits',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      const reason = new Error('mine');
      const sink = new WritableStream({
        write() {
          throw reason;
        },
      });
      // The failure is seen at the next chunk or at once; either way the pipe rejects.
      const piped = await socket.readable.pipeTo(sink).catch((/** @type {any} */ error) => error === reason);
      return { piped, read: await fate(socket.readable.getReader().read()) };
    },
  },
  {
    name: 'pipeThrough() a TextDecoderStream gives text',
    peer: 'greets and ends',
    async run({ connect, address }) {
      let text = '';
      for await (const part of connect(address).readable.pipeThrough(new TextDecoderStream())) text += part;
      return { text };
    },
  },
  {
    name: 'the readable can be piped into the writable of the same socket until the peer ends',
    hangsInWorkerd: true,
    async run({ connect, address, peer, fate }) {
      const socket = connect(address);
      const piped = fate(socket.readable.pipeTo(socket.writable));
      await socket.opened;
      await peer.send('echo me');
      await peer.received(7);
      await peer.end();
      return { piped: await piped, peer: await peer.ended(), closed: await fate(socket.closed) };
    },
  },
  {
    name: 'the readable of one socket can be piped into the writable of another',
    peer: 'echo',
    async run({ connect, address, fate }) {
      const [one, two] = [connect(address), connect(address)];
      const piped = fate(one.readable.pipeTo(two.writable));
      const writer = one.writable.getWriter();
      await writer.write(utf8('through both'));
      const read = await readText(two.readable.getReader(), 12);
      // The peer answers FIN with FIN, which ends the pipe.
      await writer.close();
      return { read, piped: await piped };
    },
  },
  {
    name: 'a pipe waits for its destination and loses nothing',
    async run({ connect, address, peer, fate }) {
      const socket = connect(address);
      await socket.opened;
      await peer.sendBytes(2_000_000);
      const ended = peer.end();
      let bytes = 0;
      let intact = true;
      const sink = new WritableStream({
        async write(chunk) {
          for (const byte of chunk) intact = byte === bytes++ % 251 && intact;
          await macrotask();
        },
      });
      const piped = await fate(socket.readable.pipeTo(sink));
      await ended;
      return { piped, bytes, intact };
    },
  },
  {
    name: 'tee() with one branch that nobody reads gives the other all bytes',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      const [one] = socket.readable.tee();
      await peer.sendBytes(300_000);
      const ended = peer.end();
      const read = await readPattern(one.getReader());
      await ended;
      return { read };
    },
  },
  {
    name: 'new Response(readable).text() reads to the end',
    hangsInWorkerd: true,
    peer: 'greets and ends',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      return { text: await new Response(socket.readable).text(), closed: await fate(socket.closed) };
    },
  },
  {
    name: 'new Response(readable).arrayBuffer() reads a large transfer',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      await peer.sendBytes(500_000);
      const ended = peer.end();
      const buffer = await new Response(socket.readable).arrayBuffer();
      await ended;
      return { bytes: buffer.byteLength, right: latin1(new Uint8Array(buffer)) === latin1(pattern(500_000)) };
    },
  },
];
