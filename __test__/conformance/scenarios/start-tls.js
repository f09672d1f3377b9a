/** `startTls()`, up to a handshake that succeeds. */
import { pattern, readPattern, readText, utf8 } from '../harness.js';
import { ASK, STARTTLS, ask } from './transports.js';

/** @typedef {import('../harness.js').Scenario} Scenario */

/**
 * What both sides know after an upgrade.
 *
 * @param {string} name
 * @param {string} peer
 * @param {any[]} options The arguments of `startTls()`.
 * @returns {Scenario}
 */
const upgraded = (name, peer, ...options) => ({
  name,
  peer,
  async run({ connect, address, attempt, peer }) {
    const plain = connect(address, STARTTLS);
    await ask(plain);
    /** @type {any} */ let socket;
    const outcome = attempt(() => (socket = plain.startTls(...options)));
    if (!socket) return { attempt: outcome };
    const { remoteAddress } = await socket.opened;
    return { attempt: outcome, remoteAddress, peer: await peer.secured() };
  },
});

/**
 * An upgrade while somebody holds a stream of the old socket.
 *
 * @param {string} name
 * @param {(socket: any) => void} lock
 * @returns {Scenario}
 */
const held = (name, lock) => ({
  name,
  hangsInWorkerd: true,
  peer: 'STARTTLS echo',
  async run({ connect, address, attempt, fate }) {
    const plain = connect(address, STARTTLS);
    await ask(plain);
    lock(plain);
    /** @type {any} */ let socket;
    const outcome = attempt(() => (socket = plain.startTls()));
    const fates = [socket.opened.then(() => 'opens'), socket.writable.getWriter().write(utf8('ping'))];
    const [opened, write] = await Promise.all(fates.map(fate));
    return { attempt: outcome, opened, write };
  },
});

/** @type {Scenario[]} */
export const startTls = [
  upgraded('startTls() needs no options, and verifies the IP address', 'STARTTLS'),
  upgraded('the options of startTls() may be undefined', 'STARTTLS', undefined),
  upgraded('the options of startTls() may be null', 'STARTTLS', null),
  upgraded('unknown options of startTls() are ignored', 'STARTTLS', { verify: 'no', timeout: 1 }),
  upgraded('startTls() sends expectedServerHostname as the name', 'STARTTLS', {
    expectedServerHostname: 'localhost',
  }),
  upgraded(
    'startTls() verifies expectedServerHostname in place of the address',
    'STARTTLS for another name',
    {
      expectedServerHostname: 'example.org',
    },
  ),
  {
    name: 'options of startTls() that are a string throw',
    async run({ connect, address, attempt }) {
      const plain = connect(address, STARTTLS);
      await plain.opened;
      return { attempt: attempt(() => plain.startTls('localhost')) };
    },
  },
  {
    name: 'startTls() goes on where plain text stops',
    peer: 'STARTTLS echo',
    async run({ connect, address, peer }) {
      const plain = connect(address, STARTTLS);
      await peer.send('ready');
      const reader = plain.readable.getReader();
      const greeting = await readText(reader, 5);
      reader.releaseLock();
      await ask(plain);
      const socket = plain.startTls();
      await socket.opened;
      await socket.writable.getWriter().write(utf8('secret'));
      return {
        greeting,
        answer: await readText(socket.readable.getReader(), 6),
        peer: await peer.received(15),
      };
    },
  },
  {
    name: 'startTls() sends what was written just before in plain text, in order',
    peer: 'STARTTLS',
    async run({ connect, address, fate, peer }) {
      const plain = connect(address, STARTTLS);
      const writer = plain.writable.getWriter();
      const writes = [utf8('one,'), utf8('two,'), ASK].map((chunk) => fate(writer.write(chunk)));
      writer.releaseLock();
      const socket = plain.startTls();
      await socket.opened;
      return { writes: await Promise.all(writes), peer: await peer.state() };
    },
  },
  {
    name: 'startTls() sends a large write before it in plain text',
    peer: 'STARTTLS',
    async run({ connect, address, fate, peer }) {
      const plain = connect(address, STARTTLS);
      const writer = plain.writable.getWriter();
      const large = fate(writer.write(new Uint8Array(4 << 20)));
      const line = fate(writer.write(ASK));
      writer.releaseLock();
      await plain.startTls().opened;
      return { writes: [await large, await line], peer: await peer.state() };
    },
  },
  {
    name: 'startTls() before the socket has opened',
    peer: 'STARTTLS greets',
    async run({ connect, address, fate }) {
      const plain = connect(address, STARTTLS);
      const write = fate(ask(plain));
      const socket = plain.startTls();
      return {
        read: await readText(socket.readable.getReader(), 5),
        write: await write,
        opened: await fate(plain.opened.then(() => 'opens')),
        closed: await fate(plain.closed),
      };
    },
  },
  {
    name: 'what is written to the new socket before the handshake is delivered after it, in order',
    peer: 'STARTTLS',
    async run({ connect, address, fate, peer }) {
      const plain = connect(address, STARTTLS);
      ask(plain);
      const writer = plain.startTls().writable.getWriter();
      const writes = ['one,', 'two,', 'three'].map((text) => fate(writer.write(utf8(text))));
      return { writes: await Promise.all(writes), peer: await peer.received(22) };
    },
  },
  {
    name: 'startTls() settles ready, then the old closed, then the new opened',
    peer: 'STARTTLS',
    async run({ connect, address }) {
      const log = /** @type {any[]} */ ([]);
      const plain = connect(address, STARTTLS);
      await plain.opened;
      await ask(plain);
      const socket = plain.startTls();
      log.push('returned', plain.upgraded);
      plain.closed.then(() => log.push('closed', plain.upgraded));
      const opened = socket.opened.then(() => log.push('opened'));
      await socket.writable.getWriter().ready.then(() => log.push('ready'));
      await opened;
      return { log };
    },
  },
  {
    name: 'startTls() makes a socket that has TLS, and the old one is upgraded',
    peer: 'STARTTLS',
    async run({ connect, address }) {
      const plain = connect(address, STARTTLS);
      await ask(plain);
      const socket = plain.startTls();
      const { readable, writable } = socket;
      await socket.opened;
      return {
        old: [plain.secureTransport, plain.upgraded],
        new: [socket.secureTransport, socket.upgraded],
        sameKind: socket.constructor === plain.constructor,
        sameStreams: [readable === plain.readable, writable === plain.writable],
        keepsStreams: [readable === socket.readable, writable === socket.writable],
      };
    },
  },
  held('startTls() takes the connection although the readable is locked', ({ readable }) => {
    readable.getReader();
  }),
  held('startTls() takes the connection although the writable is locked', ({ writable }) => {
    writable.getWriter();
  }),
  {
    name: 'startTls() leaves opened of the old socket resolved, and closed of the new one pending',
    peer: 'STARTTLS',
    async run({ connect, address, pending }) {
      const plain = connect(address, STARTTLS);
      const info = await plain.opened;
      await ask(plain);
      const socket = plain.startTls();
      await socket.opened;
      return { same: (await plain.opened) === info, pending: await pending(socket.closed) };
    },
  },
  {
    name: 'the new socket closes when the peer ends',
    peer: 'STARTTLS greets',
    async run({ connect, address, fate, peer }) {
      const plain = connect(address, STARTTLS);
      await ask(plain);
      const socket = plain.startTls();
      const reader = socket.readable.getReader();
      const greeting = await readText(reader, 5);
      await peer.end();
      return {
        greeting,
        end: await fate(reader.read()),
        closed: await fate(socket.closed),
        peer: await peer.ended(),
      };
    },
  },
  {
    name: 'a FIN without close_notify rejects a read of the new socket',
    peer: 'STARTTLS greets',
    async run({ connect, address, fate, peer }) {
      const plain = connect(address, STARTTLS);
      await ask(plain);
      const socket = plain.startTls();
      const reader = socket.readable.getReader();
      await readText(reader, 5);
      await peer.cut();
      return { read: await fate(reader.read()), closed: await fate(socket.closed) };
    },
  },
  {
    name: 'large transfers in both directions arrive whole after startTls()',
    peer: 'STARTTLS echo',
    async run({ connect, address, fate }) {
      const plain = connect(address, STARTTLS);
      await ask(plain);
      const socket = plain.startTls();
      const writer = socket.writable.getWriter();
      const reading = readPattern(socket.readable.getReader());
      const write = await fate(writer.write(pattern(2_000_000)));
      return { write, close: await fate(writer.close()), read: await reading };
    },
  },
  {
    name: 'the new socket has the allowHalfOpen of the old one',
    peer: 'STARTTLS greets',
    async run({ connect, address, fate, peer, pending }) {
      const plain = connect(address, { ...STARTTLS, allowHalfOpen: true });
      await ask(plain);
      const socket = plain.startTls();
      const reader = socket.readable.getReader();
      await readText(reader, 5);
      await peer.end();
      const end = await fate(reader.read());
      const isPending = await pending(socket.closed);
      const write = await fate(socket.writable.getWriter().write(utf8('still here')));
      return { end, isPending, write, peer: await peer.received(19) };
    },
  },
  {
    name: 'close() of the new socket delivers what was written, and the peer sees the end',
    peer: 'STARTTLS greets',
    async run({ connect, address, fate, peer }) {
      const plain = connect(address, STARTTLS);
      await ask(plain);
      const socket = plain.startTls();
      await readText(socket.readable.getReader(), 5);
      const write = fate(socket.writable.getWriter().write(utf8('bye')));
      return { close: await fate(socket.close()), write: await write, peer: await peer.ended() };
    },
  },
];
