/** `secureTransport: 'on'` with a server that is trusted. */
import { pattern, readPattern, readText, utf8 } from '../harness.js';
import { ON, toName } from './transports.js';

/** @typedef {import('../harness.js').Scenario} Scenario */

/**
 * What the peer knows after the handshake.
 *
 * @param {string} name
 * @param {(tools: import('../harness.js').Tools) => any} address
 * @param {any} [options]
 * @returns {Scenario}
 */
const negotiated = (name, address, options) => ({
  name,
  peer: 'TLS recorder',
  async run(tools) {
    await tools.connect(address(tools), { ...ON, ...options }).opened;
    return { peer: await tools.peer.secured() };
  },
});

/**
 * The protocol of which both sides know that it was negotiated.
 *
 * @param {string} name
 * @param {string} peer
 * @param {any} [options]
 * @returns {Scenario}
 */
const protocol = (name, peer, options) => ({
  name,
  peer,
  async run({ connect, address, peer }) {
    const { alpn } = await connect(address, { ...ON, ...options }).opened;
    return { alpn: alpn === undefined ? 'missing' : alpn, peer: (await peer.secured()).alpn };
  },
});

/** @type {Scenario[]} */
export const tls = [
  negotiated('TLS to an IP address sends no name', ({ address }) => address),
  negotiated('TLS to a name sends it', toName),
  negotiated('TLS sends the name of the option sni', ({ address }) => address, { sni: 'localhost' }),
  protocol('alpn is null with TLS when nothing was asked for', 'TLS with h2'),
  protocol('alpn is null with TLS when the server knows no protocol', 'TLS recorder', { alpn: ['h2'] }),
  protocol('alpn is the protocol that was negotiated', 'TLS with h2', { alpn: ['http/1.1', 'h2'] }),
  {
    name: 'TLS opens with the address that was asked for',
    peer: 'TLS recorder',
    async run({ connect, port }) {
      const socket = connect(`localhost:${port}`, ON);
      const { remoteAddress } = await socket.opened;
      return { remoteAddress, secureTransport: socket.secureTransport, upgraded: socket.upgraded };
    },
  },
  {
    name: 'TLS accepts a certificate behind an intermediate that the server sends',
    peer: 'TLS with a chain',
    async run({ connect, address, fate }) {
      return { opened: await fate(connect(address, ON).opened.then(() => 'opens')) };
    },
  },
  {
    name: 'TLS accepts a certificate for the IP address alone',
    peer: 'TLS for an address',
    async run({ connect, address, fate }) {
      return { opened: await fate(connect(address, ON).opened.then(() => 'opens')) };
    },
  },
  {
    name: 'TLS has nothing settle while the server does not answer the handshake',
    async run({ connect, address, peer, pending }) {
      const socket = connect(address, ON);
      const read = socket.readable.getReader().read();
      const write = socket.writable.getWriter().write(utf8('secret'));
      await peer.received(1);
      return { pending: await pending(socket.opened, socket.closed, read, write) };
    },
  },
  {
    name: 'TLS delivers what was written before the handshake, in order',
    peer: 'TLS recorder',
    async run({ connect, address, fate, peer }) {
      const writer = connect(address, ON).writable.getWriter();
      const writes = ['one,', 'two,', 'three'].map((text) => fate(writer.write(utf8(text))));
      return { writes: await Promise.all(writes), peer: await peer.received(13) };
    },
  },
  {
    name: 'TLS: opened comes before what was written and read before the handshake',
    peer: 'TLS echo',
    async run({ connect, address }) {
      const log = /** @type {string[]} */ ([]);
      const socket = connect(address, ON);
      const write = socket.writable.getWriter().write(utf8('x'));
      const read = socket.readable.getReader().read();
      write.then(() => log.push('written'));
      read.then(() => log.push('read'));
      socket.opened.then(() => log.push('opened'));
      await Promise.all([write, read, socket.opened]);
      return { log };
    },
  },
  {
    name: 'TLS: a read that began before the handshake gets the first bytes',
    peer: 'TLS greets and waits',
    async run({ connect, address }) {
      return { read: await readText(connect(address, ON).readable.getReader(), 5) };
    },
  },
  {
    name: 'TLS carries bytes there and back',
    peer: 'TLS echo',
    async run({ connect, address }) {
      const socket = connect(address, ON);
      const [reader, writer] = [socket.readable.getReader(), socket.writable.getWriter()];
      const answers = [];
      for (const text of ['ping', 'a longer one', '!']) {
        await writer.write(utf8(text));
        answers.push(await readText(reader, text.length));
      }
      return { answers };
    },
  },
  {
    name: 'TLS: a BYOB read fills the view',
    peer: 'TLS greets and waits',
    async run({ connect, address, fate }) {
      const reader = connect(address, ON).readable.getReader({ mode: 'byob' });
      return {
        reads: [await fate(reader.read(new Uint8Array(3))), await fate(reader.read(new Uint8Array(8)))],
      };
    },
  },
  {
    name: 'TLS: a large write arrives whole',
    peer: 'TLS recorder',
    async run({ connect, address, fate, peer }) {
      const writer = connect(address, ON).writable.getWriter();
      const write = await fate(writer.write(pattern(4_000_000)));
      return { write, close: await fate(writer.close()), peer: await peer.ended() };
    },
  },
  {
    name: 'TLS: many small writes arrive whole, in order',
    peer: 'TLS recorder',
    async run({ connect, address, fate, peer }) {
      const writer = connect(address, ON).writable.getWriter();
      const bytes = pattern(1000);
      const writes = Array.from(bytes, (_, i) => writer.write(bytes.subarray(i, i + 1)));
      await Promise.all(writes);
      return { close: await fate(writer.close()), peer: await peer.ended() };
    },
  },
  {
    name: 'TLS: a large transfer to the client arrives whole',
    peer: 'TLS recorder',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address, ON);
      await socket.opened;
      await peer.secured();
      await peer.sendBytes(3_000_000);
      const ended = peer.end();
      const read = await readPattern(socket.readable.getReader());
      await ended;
      return { read, closed: await fate(socket.closed) };
    },
  },
  {
    name: 'TLS: large transfers in both directions at once arrive whole',
    peer: 'TLS echo',
    async run({ connect, address, fate }) {
      const socket = connect(address, ON);
      const writer = socket.writable.getWriter();
      const reading = readPattern(socket.readable.getReader());
      const write = await fate(writer.write(pattern(2_000_000)));
      return { write, close: await fate(writer.close()), read: await reading };
    },
  },
  {
    name: 'TLS: a write waits while the server does not read',
    peer: 'TLS never reads',
    async run({ connect, address, fate, peer, pending }) {
      const socket = connect(address, ON);
      await socket.opened;
      await peer.secured();
      const writer = socket.writable.getWriter();
      const write = writer.write(pattern(16 << 20));
      const close = writer.close();
      const waits = await pending(write, close);
      await peer.resume();
      return { waits, write: await fate(write), close: await fate(close), peer: await peer.ended() };
    },
  },
  {
    name: 'TLS: a highWaterMark counts bytes of the text, not of the records',
    peer: 'TLS recorder',
    async run({ connect, address }) {
      const socket = connect(address, { ...ON, highWaterMark: 64 });
      await socket.opened;
      const writer = socket.writable.getWriter();
      const before = writer.desiredSize;
      const write = writer.write(new Uint8Array(10));
      const during = writer.desiredSize;
      await write;
      return { before, during, after: writer.desiredSize };
    },
  },
];
