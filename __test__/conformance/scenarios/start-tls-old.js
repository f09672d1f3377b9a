/** What becomes of the old socket after `startTls()`, and when `startTls()` throws. */
import { caught, readText, utf8 } from '../harness.js';
import { STARTTLS, ask } from './transports.js';

/** @typedef {import('../harness.js').Scenario} Scenario */
/** @typedef {import('../harness.js').Tools} Tools */

/**
 * Something that is done to the old socket after the upgrade; the new one has to go on.
 *
 * @param {string} name
 * @param {(plain: any) => Promise<any>} use
 * @returns {Scenario}
 */
const afterwards = (name, use) => ({
  name,
  peer: 'STARTTLS echo',
  async run({ connect, address, fate }) {
    const plain = connect(address, STARTTLS);
    await ask(plain);
    const socket = plain.startTls();
    await socket.opened;
    const outcome = await fate(use(plain));
    await socket.writable.getWriter().write(utf8('ping'));
    return { outcome, answer: await readText(socket.readable.getReader(), 4) };
  },
});

/**
 * A read of the old socket that waits when it is upgraded.
 *
 * @param {string} name
 * @param {(readable: ReadableStream) => Promise<any>} read
 * @returns {Scenario}
 */
const waiting = (name, read) => ({
  name,
  hangsInWorkerd: true,
  peer: 'STARTTLS echo',
  async run({ connect, address, fate }) {
    const plain = connect(address, STARTTLS);
    await plain.opened;
    const pending = fate(read(plain.readable));
    await ask(plain);
    const socket = plain.startTls();
    const opened = await fate(socket.opened.then(() => 'opens'));
    return { read: await pending, opened };
  },
});

/**
 * @param {string} name
 * @param {(tools: Tools) => any} prepare Resolves with the socket to upgrade.
 * @param {string} [peer]
 * @returns {Scenario}
 */
const throws = (name, prepare, peer) => ({
  name,
  peer,
  async run(tools) {
    const { socket } = await prepare(tools);
    return { attempt: tools.attempt(() => socket.startTls()) };
  },
});

/** @type {Scenario[]} */
export const startTlsOld = [
  waiting('startTls() ends a read of the old socket that waits', (readable) => readable.getReader().read()),
  waiting('startTls() ends a BYOB read of the old socket that waits', (readable) =>
    readable.getReader({ mode: 'byob' }).read(new Uint8Array(8)),
  ),
  waiting('startTls() ends a loop over the old readable', async (readable) => {
    for await (const chunk of readable) return chunk;
    return 'ended';
  }),
  waiting('startTls() ends a pipe from the old readable', (readable) =>
    readable.pipeTo(new WritableStream()),
  ),
  afterwards('a read of the old socket after startTls() gives { done: true }', async ({ readable }) =>
    readable.getReader().read(),
  ),
  afterwards(
    'the old readable is closed after startTls()',
    async ({ readable }) => readable.getReader().closed,
  ),
  afterwards('a write to the old socket after startTls() rejects', async ({ writable }) =>
    writable.getWriter().write(utf8('plain')),
  ),
  afterwards(
    'the old writable is errored after startTls()',
    async ({ writable }) => writable.getWriter().closed,
  ),
  afterwards('readable.cancel() of the old socket leaves the new one open', async ({ readable }) =>
    readable.cancel(),
  ),
  afterwards('writable.close() of the old socket leaves the new one open', async ({ writable }) =>
    writable.close(),
  ),
  afterwards('writable.abort() of the old socket leaves the new one open', async ({ writable }) =>
    writable.abort(new Error('mine')),
  ),
  afterwards('close() of the old socket leaves the new one open', (plain) => plain.close()),
  afterwards('startTls() leaves the old streams unlocked', async ({ readable, writable }) =>
    String([readable.locked, writable.locked]),
  ),
  throws('startTls() throws on a socket with "off" that is open', async ({ connect, address }) => {
    const socket = connect(address);
    await socket.opened;
    return { socket };
  }),
  throws('startTls() throws when it is called twice in a turn', async ({ connect, address }) => {
    const socket = connect(address, STARTTLS);
    await socket.opened;
    socket.startTls();
    return { socket };
  }),
  throws(
    'startTls() throws when it is called twice, after the handshake',
    async ({ connect, address }) => {
      const socket = connect(address, STARTTLS);
      await ask(socket);
      await socket.startTls().opened;
      return { socket };
    },
    'STARTTLS',
  ),
  throws(
    'startTls() throws on the socket that it made',
    async ({ connect, address }) => {
      const plain = connect(address, STARTTLS);
      await ask(plain);
      const socket = plain.startTls();
      await socket.opened;
      return { socket };
    },
    'STARTTLS',
  ),
  throws('startTls() throws after close()', async ({ connect, address }) => {
    const socket = connect(address, STARTTLS);
    await socket.opened;
    await socket.close();
    return { socket };
  }),
  throws('startTls() throws in the same turn as close()', async ({ connect, address }) => {
    const socket = connect(address, STARTTLS);
    await socket.opened;
    socket.close();
    return { socket };
  }),
  throws('startTls() throws on a socket that was closed while pending', async ({ connect, address }) => {
    const socket = connect(address, STARTTLS);
    socket.close();
    return { socket };
  }),
  throws(
    'startTls() throws on a socket that could not connect',
    async ({ connect, address }) => {
      const socket = connect(address, STARTTLS);
      await caught(socket.opened);
      return { socket };
    },
    'refuses',
  ),
  throws(
    'startTls() throws on a socket whose peer has ended',
    async ({ connect, address }) => {
      const socket = connect(address, STARTTLS);
      await readText(socket.readable.getReader());
      await socket.closed;
      return { socket };
    },
    'greets and ends',
  ),
];
