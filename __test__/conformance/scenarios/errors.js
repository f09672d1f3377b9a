/** What the errors of each situation look like, and which are the same object. */
import { caught, utf8 } from '../harness.js';

/** @typedef {import('../harness.js').Scenario} Scenario */

const thrown = (/** @type {() => any} */ action) => {
  try {
    return action();
  } catch (error) {
    return error;
  }
};

/**
 * @param {string} name
 * @param {(tools: import('../harness.js').Tools) => any} produce Returns the error, or a promise of it.
 * @param {string} [peer]
 * @returns {Scenario}
 */
const shaped = (name, produce, peer) => ({
  name,
  peer,
  run: async (tools) => tools.shape(await produce(tools)),
});

/** @type {Scenario[]} */
export const errors = [
  shaped('the error of an address without a port is a SocketError', ({ connect, hostname }) =>
    thrown(() => connect(hostname)),
  ),
  shaped('the error of a port that is out of range is a SocketError', ({ connect, hostname }) =>
    thrown(() => connect({ hostname, port: 65536 })),
  ),
  shaped('the error of an unknown secureTransport is a SocketError', ({ connect, address }) =>
    thrown(() => connect(address, { secureTransport: 'tls' })),
  ),
  shaped(
    'the error of startTls() on a socket that has secureTransport "off" is a SocketError',
    ({ connect, address }) => thrown(() => connect(address).startTls()),
  ),
  shaped(
    'the error of a refused connection is a SocketError',
    ({ connect, address }) => caught(connect(address).opened),
    'refuses',
  ),
  shaped(
    'the error of closed after a refused connection is a SocketError',
    ({ connect, address }) => caught(connect(address).closed),
    'refuses',
  ),
  shaped(
    'the error of a write to a connection that is refused is a SocketError',
    ({ connect, address }) => caught(connect(address).writable.getWriter().write(utf8('a'))),
    'refuses',
  ),
  shaped('the error of a name that does not resolve is a SocketError', ({ connect, port }) =>
    caught(connect({ hostname: `${'a'.repeat(64)}.localhost`, port }).opened),
  ),
  shaped('the error of opened after close() while pending is a SocketError', ({ connect, address }) => {
    const socket = connect(address);
    socket.close();
    return caught(socket.opened);
  }),
  shaped('the error of a read after RST is a SocketError', async ({ connect, address, peer }) => {
    const socket = connect(address);
    await socket.opened;
    const read = caught(socket.readable.getReader().read());
    await peer.reset();
    return read;
  }),
  shaped('the error of a write after RST is a SocketError', async ({ connect, address, peer, quiesce }) => {
    const socket = connect(address);
    await socket.opened;
    await peer.reset();
    await quiesce();
    return caught(socket.writable.getWriter().write(utf8('late')));
  }),
  shaped('the error of a write after close() is a SocketError', async ({ connect, address }) => {
    const socket = connect(address);
    await socket.opened;
    const writer = socket.writable.getWriter();
    await socket.close();
    return caught(writer.write(utf8('late')));
  }),
  shaped(
    'the error of a write after FIN was read is a SocketError',
    async ({ connect, address }) => {
      const socket = connect(address);
      const writer = socket.writable.getWriter();
      const reader = socket.readable.getReader();
      while (!(await reader.read()).done);
      await socket.closed;
      return caught(writer.write(utf8('late')));
    },
    'greets and ends',
  ),
  shaped('the error of a chunk that cannot be written is a plain TypeError', ({ connect, address }) =>
    caught(connect(address).writable.getWriter().write(42)),
  ),
  {
    name: 'reader.closed rejects with the error of the read',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader();
      const read = caught(reader.read());
      await peer.reset();
      const error = await read;
      return { error: error instanceof Error, same: (await caught(reader.closed)) === error };
    },
  },
  {
    name: 'writer.closed rejects with the error of the write',
    peer: 'never reads',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      const write = caught(writer.write(new Uint8Array(16 << 20)));
      await peer.accepted();
      await peer.reset();
      const error = await write;
      return { error: error instanceof Error, same: (await caught(writer.closed)) === error };
    },
  },
  {
    name: 'two failures are two errors',
    peer: 'refuses',
    async run({ connect, address }) {
      const failures = await Promise.all([caught(connect(address).opened), caught(connect(address).opened)]);
      return { different: failures[0] !== failures[1] };
    },
  },
];
