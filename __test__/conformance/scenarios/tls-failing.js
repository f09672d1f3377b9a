/** Handshakes that fail with `secureTransport: 'on'`. */
import { caught, utf8 } from '../harness.js';
import { ON, toName } from './transports.js';

/** @typedef {import('../harness.js').Scenario} Scenario */

/**
 * @param {string} name
 * @param {string} peer
 * @param {(tools: import('../harness.js').Tools) => any} [address]
 * @returns {Scenario}
 */
const refused = (name, peer, address = (tools) => tools.address) => ({
  name,
  peer,
  async run(tools) {
    const socket = tools.connect(address(tools), ON);
    return { opened: await tools.fate(socket.opened), closed: await tools.fate(socket.closed) };
  },
});

/** @type {Scenario[]} */
export const tlsFailing = [
  refused('TLS refuses a self-signed certificate', 'TLS self-signed'),
  refused('TLS refuses a certificate whose intermediate is missing', 'TLS without its intermediate'),
  refused('TLS refuses a certificate that has expired', 'TLS expired'),
  refused('TLS refuses a certificate for another name', 'TLS for another name', toName),
  refused('TLS refuses a certificate without the IP address', 'TLS for another name'),
  refused(
    'TLS refuses a certificate for the IP address when a name was asked for',
    'TLS for an address',
    toName,
  ),
  refused('TLS fails with a server that speaks plain text', 'greets and waits'),
  refused('TLS fails with a server that ends at once', 'ends at once'),
  refused('TLS fails with a server that resets in the handshake', 'resets on the first byte'),
  refused('TLS fails where nobody listens', 'refuses'),
  {
    name: 'the error of a certificate that is refused is a SocketError',
    peer: 'TLS self-signed',
    async run({ connect, address, shape }) {
      return shape(await caught(connect(address, ON).opened));
    },
  },
  {
    name: 'the error of closed after a handshake that failed is a SocketError',
    peer: 'TLS self-signed',
    async run({ connect, address, shape }) {
      return shape(await caught(connect(address, ON).closed));
    },
  },
  {
    name: 'a server whose certificate is refused gets nothing of what was written',
    peer: 'TLS self-signed',
    async run({ connect, address, fate, peer }) {
      const write = fate(connect(address, ON).writable.getWriter().write(utf8('secret')));
      const secured = await peer.secured();
      return { write: await write, secured, received: (await peer.state()).received };
    },
  },
  {
    name: 'a handshake that fails ends reads and rejects writes that wait',
    peer: 'TLS self-signed',
    async run({ connect, address, fate }) {
      const socket = connect(address, ON);
      const read = fate(socket.readable.getReader().read());
      const writer = socket.writable.getWriter();
      const writes = ['a', 'b'].map((text) => fate(writer.write(utf8(text))));
      return { read: await read, writes: await Promise.all(writes), closed: await fate(writer.closed) };
    },
  },
  {
    name: 'a read and a write after a handshake that failed',
    peer: 'TLS self-signed',
    async run({ connect, address, fate }) {
      const socket = connect(address, ON);
      await caught(socket.opened);
      const read = await fate(socket.readable.getReader().read());
      return { read, write: await fate(socket.writable.getWriter().write(utf8('late'))) };
    },
  },
  {
    name: 'close() after a handshake that failed settles like closed',
    peer: 'TLS self-signed',
    async run({ connect, address, fate }) {
      const socket = connect(address, ON);
      await caught(socket.opened);
      return { close: await fate(socket.close()) };
    },
  },
  {
    name: 'close() while the server does not answer the handshake settles opened and closed at once',
    async run({ connect, address, peer, pending }) {
      const socket = connect(address, ON);
      await peer.received(1);
      const closed = socket.close();
      return { pending: await pending(socket.opened, closed) };
    },
  },
  {
    name: 'startTls() on a socket that has TLS throws, and the socket stays usable',
    peer: 'TLS echo',
    async run({ connect, address, attempt, fate }) {
      const socket = connect(address, ON);
      const early = attempt(() => socket.startTls());
      await socket.opened;
      const late = attempt(() => socket.startTls());
      await socket.writable.getWriter().write(utf8('ping'));
      return { early, late, read: await fate(socket.readable.getReader().read()) };
    },
  },
];
