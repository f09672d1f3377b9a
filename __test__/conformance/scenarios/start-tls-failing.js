/** Upgrades that fail, and `close()` before they are done. */
import { caught, utf8 } from '../harness.js';
import { ASK, STARTTLS, ask } from './transports.js';

/** @typedef {import('../harness.js').Scenario} Scenario */
/** @typedef {import('../harness.js').Tools} Tools */

/**
 * What an upgrade that fails leaves behind.
 *
 * @param {string} name
 * @param {object} details
 * @param {string} [details.peer]
 * @param {any} [details.options] Those of `startTls()`.
 * @param {(tools: Tools) => any} [details.answer] What the peer does about the handshake.
 * @returns {Scenario}
 */
const failing = (name, { peer, options, answer = () => {} }) => ({
  name,
  peer,
  async run(tools) {
    const { fate } = tools;
    const plain = tools.connect(tools.address, STARTTLS);
    await ask(plain);
    const socket = plain.startTls(options);
    const opened = fate(socket.opened);
    await tools.peer.received(ASK.length + 1);
    await answer(tools);
    return { opened: await opened, closed: await fate(socket.closed), old: await fate(plain.closed) };
  },
});

/** @type {Scenario[]} */
export const startTlsFailing = [
  failing('startTls() refuses a self-signed certificate', { peer: 'STARTTLS self-signed' }),
  failing('startTls() refuses a certificate for another name', { peer: 'STARTTLS for another name' }),
  failing('startTls() refuses a certificate without expectedServerHostname', {
    peer: 'STARTTLS',
    options: { expectedServerHostname: 'example.org' },
  }),
  failing('startTls() fails when the peer answers in plain text', {
    answer: ({ peer }) => peer.send('502 What do you mean?\r\n'),
  }),
  failing('startTls() fails when the peer ends in the handshake', { answer: ({ peer }) => peer.end() }),
  failing('startTls() fails when the peer resets in the handshake', { answer: ({ peer }) => peer.reset() }),
  {
    name: 'startTls() fails when plain text has arrived that nobody has read',
    peer: 'STARTTLS',
    async run({ connect, address, fate, peer, quiesce }) {
      const plain = connect(address, STARTTLS);
      await plain.opened;
      await peer.send('injected');
      await quiesce();
      await ask(plain);
      const socket = plain.startTls();
      return { opened: await fate(socket.opened), read: await fate(socket.readable.getReader().read()) };
    },
  },
  {
    name: 'startTls() fails when part of the plain text that has arrived is unread',
    peer: 'STARTTLS',
    async run({ connect, address, fate, peer, quiesce }) {
      const plain = connect(address, STARTTLS);
      await plain.opened;
      await peer.send('220 go ahead\r\ninjected');
      await quiesce();
      const reader = plain.readable.getReader({ mode: 'byob' });
      await reader.read(new Uint8Array(14));
      reader.releaseLock();
      await ask(plain);
      const socket = plain.startTls();
      return { opened: await fate(socket.opened), read: await fate(socket.readable.getReader().read()) };
    },
  },
  {
    name: 'startTls() before a connection that is refused',
    peer: 'refuses',
    hangsInWorkerd: true,
    async run({ connect, address, fate }) {
      const plain = connect(address, STARTTLS);
      const socket = plain.startTls();
      const promises = [plain.opened, plain.closed, socket.opened, socket.closed];
      const [oldOpened, oldClosed, opened, closed] = await Promise.all(promises.map(fate));
      return { oldOpened, oldClosed, opened, closed, upgraded: plain.upgraded };
    },
  },
  {
    name: 'the error of an upgrade that fails is a SocketError',
    peer: 'STARTTLS self-signed',
    async run({ connect, address, shape }) {
      const plain = connect(address, STARTTLS);
      await ask(plain);
      return shape(await caught(plain.startTls().opened));
    },
  },
  {
    name: 'an upgrade that fails ends reads and rejects writes of the new socket that wait',
    peer: 'STARTTLS self-signed',
    async run({ connect, address, fate, peer }) {
      const plain = connect(address, STARTTLS);
      await ask(plain);
      const socket = plain.startTls();
      const read = fate(socket.readable.getReader().read());
      const write = fate(socket.writable.getWriter().write(utf8('secret')));
      const secured = await peer.secured();
      return { read: await read, write: await write, secured, received: (await peer.state()).received };
    },
  },
  {
    name: 'an upgrade that fails leaves the old socket upgraded',
    peer: 'STARTTLS self-signed',
    async run({ connect, address, fate }) {
      const plain = connect(address, STARTTLS);
      await ask(plain);
      const opened = await fate(plain.startTls().opened);
      return { opened, upgraded: plain.upgraded, closed: await fate(plain.closed) };
    },
  },
  {
    name: 'close() after an upgrade that failed settles like closed',
    peer: 'STARTTLS self-signed',
    async run({ connect, address, fate }) {
      const plain = connect(address, STARTTLS);
      await ask(plain);
      const socket = plain.startTls();
      await caught(socket.opened);
      return { close: await fate(socket.close()) };
    },
  },
  {
    name: 'close() of the new socket while the peer does not answer the handshake settles at once',
    async run({ connect, address, peer, pending }) {
      const plain = connect(address, STARTTLS);
      await plain.opened;
      const socket = plain.startTls();
      await peer.received(1);
      const closed = socket.close();
      return { pending: await pending(socket.opened, closed) };
    },
  },
  {
    name: 'close() of the new socket in the same turn as startTls()',
    peer: 'STARTTLS',
    async run({ connect, address, fate }) {
      const plain = connect(address, STARTTLS);
      await ask(plain);
      const socket = plain.startTls();
      const close = fate(socket.close());
      return {
        opened: 'resolved' in (await fate(socket.opened)),
        close: await close,
        old: await fate(plain.closed),
      };
    },
  },
  {
    name: 'close() of the old socket in the same turn as startTls() leaves the new one open',
    peer: 'STARTTLS',
    async run({ connect, address, fate, peer }) {
      const plain = connect(address, STARTTLS);
      await ask(plain);
      const socket = plain.startTls();
      const close = fate(plain.close());
      const opened = await fate(socket.opened.then(() => 'opens'));
      return { opened, close: await close, peer: await peer.secured() };
    },
  },
  {
    name: 'close() of the old socket while the peer does not answer the handshake leaves it going on',
    async run({ connect, address, peer, fate, pending }) {
      const plain = connect(address, STARTTLS);
      await plain.opened;
      const socket = plain.startTls();
      await peer.received(1);
      const close = await fate(plain.close());
      return { close, pending: await pending(socket.opened, socket.closed), peer: (await peer.state()).end };
    },
  },
  {
    name: 'close() while pending, before startTls() has connected, stops both',
    onLinux: true,
    peer: 'never accepts',
    async run({ connect, address, pending }) {
      const plain = connect(address, STARTTLS);
      const socket = plain.startTls();
      const closed = socket.close();
      return { pending: await pending(socket.opened, closed, plain.opened) };
    },
  },
];
