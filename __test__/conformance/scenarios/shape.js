/** What a `Socket` looks like as an object. */
import { utf8 } from '../harness.js';

const members = ['readable', 'writable', 'opened', 'closed', 'upgraded', 'secureTransport'];

/** @type {import('../harness.js').Scenario[]} */
export const shape = [
  {
    name: 'the attributes are accessors without a setter on the prototype',
    async run({ connect, address }) {
      const socket = connect(address);
      const prototype = Object.getPrototypeOf(socket);
      return Object.fromEntries(
        members.map((member) => {
          const { get, set } = Object.getOwnPropertyDescriptor(prototype, member) ?? {};
          return [member, { getter: typeof get, setter: typeof set, own: Object.hasOwn(socket, member) }];
        }),
      );
    },
  },
  {
    name: 'close and startTls are methods of the prototype',
    async run({ connect, address }) {
      const prototype = Object.getPrototypeOf(connect(address));
      return ['close', 'startTls'].map(
        (name) => typeof Object.getOwnPropertyDescriptor(prototype, name)?.value,
      );
    },
  },
  {
    name: 'a socket has no properties of its own',
    async run({ connect, address }) {
      const socket = connect(address);
      return {
        names: Object.getOwnPropertyNames(socket),
        symbols: Object.getOwnPropertySymbols(socket).length,
      };
    },
  },
  {
    name: 'the attributes are enumerable',
    async run({ connect, address }) {
      const seen = /** @type {string[]} */ ([]);
      for (const name in connect(address)) seen.push(name);
      return members.filter((member) => seen.includes(member));
    },
  },
  {
    name: 'the methods are enumerable',
    async run({ connect, address }) {
      const seen = /** @type {string[]} */ ([]);
      for (const name in connect(address)) seen.push(name);
      return ['close', 'startTls'].filter((member) => seen.includes(member));
    },
  },
  {
    name: 'the class is called Socket',
    async run({ connect, address }) {
      const socket = connect(address);
      return { name: socket.constructor.name, tag: Object.prototype.toString.call(socket) };
    },
  },
  {
    name: 'each attribute gives the same object each time',
    async run({ connect, address }) {
      const socket = connect(address);
      const first = members.map((member) => socket[member]);
      await socket.opened;
      return members.map((member, index) => socket[member] === first[index]);
    },
  },
  {
    name: 'opened and closed are different promises',
    async run({ connect, address }) {
      const socket = connect(address);
      return {
        different: socket.opened !== socket.closed,
        promises: [socket.opened, socket.closed].map((promise) => promise instanceof Promise),
      };
    },
  },
  {
    name: 'the streams are instances of the global classes',
    async run({ connect, address }) {
      const { readable, writable } = connect(address);
      return { readable: readable instanceof ReadableStream, writable: writable instanceof WritableStream };
    },
  },
  {
    name: 'the streams begin unlocked',
    async run({ connect, address }) {
      const { readable, writable } = connect(address);
      return { readable: readable.locked, writable: writable.locked };
    },
  },
  {
    name: 'a socket is not thenable, so that an async function can return one',
    async run({ connect, address }) {
      const socket = connect(address);
      return { isThenable: 'then' in socket, same: (await (async () => socket)()) === socket };
    },
  },
  {
    name: 'upgraded is false, before and after close()',
    async run({ connect, address }) {
      const socket = connect(address);
      const before = socket.upgraded;
      await socket.opened;
      const open = socket.upgraded;
      await socket.close();
      return { before, open, after: socket.upgraded };
    },
  },
  {
    name: 'secureTransport stays what it was after close()',
    async run({ connect, address }) {
      const socket = connect(address, { secureTransport: 'starttls' });
      await socket.opened;
      await socket.close();
      return { secureTransport: socket.secureTransport };
    },
  },
  {
    name: 'an attribute cannot be assigned',
    async run({ connect, address, attempt }) {
      const socket = connect(address);
      return members.map((member) => attempt(() => (socket[member] = null)));
    },
  },
  {
    name: 'a getter throws on an object that is no socket',
    async run({ connect, address, attempt }) {
      const prototype = Object.getPrototypeOf(connect(address));
      return members.map((member) => attempt(() => Reflect.get(prototype, member, {})));
    },
  },
  {
    name: 'close() fails on an object that is no socket',
    async run({ connect, address }) {
      const { close } = connect(address);
      return {
        close: await (async () => close.call({}))().then(
          () => 'resolves',
          () => 'fails',
        ),
      };
    },
  },
  {
    name: 'new Socket(address) is a way to connect',
    async run({ connect, address, attempt }) {
      const { constructor } = connect(address);
      /** @type {any} */ let socket;
      const outcome = attempt(() => (socket = new constructor(address)));
      const opened = await socket?.opened.then(() => 'opens');
      await socket?.close();
      return { attempt: outcome, opened: opened ?? null };
    },
  },
  {
    name: 'a socket is an instance of its class',
    async run({ connect, address }) {
      const [one, two] = [connect(address), connect({ hostname: '127.0.0.1', port: 0 })];
      return { shared: one.constructor === two.constructor, instance: one instanceof two.constructor };
    },
  },
  {
    name: 'close() returns the promise that closed is',
    async run({ connect, address }) {
      const socket = connect(address);
      await socket.opened;
      const close = socket.close();
      return { same: close === socket.closed, again: close === socket.close() };
    },
  },
  {
    name: 'a socket has [Symbol.asyncDispose](), ref() and unref()',
    async run({ connect, address }) {
      const socket = connect(address);
      const dispose = Symbol.asyncDispose ? typeof socket[Symbol.asyncDispose] : 'no symbol';
      return { dispose, ref: typeof socket.ref, unref: typeof socket.unref };
    },
  },
  {
    name: 'startTls() throws at once on a socket that has secureTransport "off"',
    async run({ connect, address, attempt, pending }) {
      const socket = connect(address);
      await socket.opened;
      return {
        attempt: attempt(() => socket.startTls()),
        upgraded: socket.upgraded,
        closedPending: await pending(socket.closed),
      };
    },
  },
  {
    name: 'startTls() throws at once on a socket that is pending and has secureTransport "off"',
    async run({ connect, address, attempt }) {
      const socket = connect(address);
      const outcome = attempt(() => socket.startTls());
      return { attempt: outcome, opened: await socket.opened.then(() => 'opens') };
    },
  },
  {
    name: 'startTls() that throws leaves the streams usable',
    peer: 'echo',
    async run({ connect, address, attempt, fate }) {
      const socket = connect(address);
      const outcome = attempt(() => socket.startTls());
      const write = await fate(socket.writable.getWriter().write(utf8('plain')));
      return { attempt: outcome, write, read: await fate(socket.readable.getReader().read()) };
    },
  },
];
