/** No failure of a socket surfaces as an unhandled rejection, unless the user derived a promise and left it. */
import { macrotask } from '../harness.js';
import { ON, STARTTLS, ask } from './transports.js';

/** @typedef {import('../harness.js').Scenario} Scenario */

/**
 * @param {string} name
 * @param {(tools: import('../harness.js').Tools) => any} provoke
 * @param {string} [peer]
 * @returns {Scenario}
 */
const handled = (name, provoke, peer) => ({
  name,
  peer,
  alone: true,
  async run(tools) {
    await provoke(tools);
    await tools.quiesce();
    await macrotask();
    return { unhandled: tools.unhandled().length };
  },
});

/** @type {Scenario[]} */
export const handling = [
  handled(
    'a refused connection that nobody looks at is handled',
    ({ connect, address }) => void connect(address),
    'refuses',
  ),
  handled(
    'a refused connection whose streams were touched is handled',
    ({ connect, address }) => {
      const { readable, writable } = connect(address);
      readable.getReader();
      writable.getWriter();
    },
    'refuses',
  ),
  handled(
    'a refused connection whose opened is awaited and caught leaves closed handled',
    ({ connect, address }) => connect(address).opened.catch(() => {}),
    'refuses',
  ),
  handled(
    'close() while pending that nobody looks at is handled',
    ({ connect, address }) => void connect(address).close(),
  ),
  handled(
    'close(reason) while pending that nobody looks at is handled',
    ({ connect, address }) => void connect(address).close(new Error('mine')),
  ),
  handled('close() while streams are held is handled', async ({ connect, address }) => {
    const socket = connect(address);
    await socket.opened;
    socket.readable.getReader();
    socket.writable.getWriter();
    await socket.close(new Error('mine'));
  }),
  handled('RST that nobody looks at is handled', async ({ connect, address, peer }) => {
    const socket = connect(address);
    await socket.opened;
    await peer.reset();
  }),
  handled('RST while streams are held is handled', async ({ connect, address, peer }) => {
    const socket = connect(address);
    await socket.opened;
    const reader = socket.readable.getReader();
    socket.writable.getWriter();
    const read = reader.read().catch(() => {});
    await peer.reset();
    await read;
  }),
  handled(
    'FIN while a writer is held is handled',
    async ({ connect, address }) => {
      const socket = connect(address);
      socket.writable.getWriter();
      const reader = socket.readable.getReader();
      while (!(await reader.read()).done);
      await socket.closed;
    },
    'greets and ends',
  ),
  handled(
    'a handshake that fails and nobody looks at is handled',
    async ({ connect, address, peer }) => {
      connect(address, ON);
      await peer.secured();
    },
    'TLS self-signed',
  ),
  handled(
    'an upgrade that fails and nobody looks at is handled',
    async ({ connect, address, peer }) => {
      const plain = connect(address, STARTTLS);
      await ask(plain);
      plain.startTls();
      await peer.secured();
    },
    'STARTTLS self-signed',
  ),
  handled(
    'a promise that was derived from opened and left surfaces as an unhandled rejection',
    ({ connect, address }) => {
      connect(address).opened.then(() => {});
    },
    'refuses',
  ),
  handled(
    'a write that rejects and was left surfaces as an unhandled rejection',
    async ({ connect, address }) => {
      const socket = connect(address);
      await socket.opened;
      const writer = socket.writable.getWriter();
      await socket.close();
      writer.write(new Uint8Array(1));
    },
  ),
];
