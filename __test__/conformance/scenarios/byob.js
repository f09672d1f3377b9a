/** What a BYOB reader gets. */
import { latin1, readText } from '../harness.js';

/** @type {import('../harness.js').Scenario[]} */
export const byob = [
  {
    name: 'a BYOB read fills the view that it was given',
    peer: 'greets and waits',
    async run({ connect, address }) {
      const reader = connect(address).readable.getReader({ mode: 'byob' });
      const view = new Uint8Array(16);
      const { buffer } = view;
      const { value, done } = await reader.read(view);
      return {
        done,
        text: latin1(value),
        offset: value.byteOffset,
        capacity: value.buffer.byteLength,
        detached: buffer.byteLength === 0 && view.byteLength === 0,
      };
    },
  },
  {
    name: 'a BYOB read respects the offset and the length of its view',
    peer: 'greets and waits',
    async run({ connect, address }) {
      const reader = connect(address).readable.getReader({ mode: 'byob' });
      const { value } = await reader.read(new Uint8Array(new ArrayBuffer(16), 4, 3));
      const next = await reader.read(new Uint8Array(2));
      return {
        text: latin1(value),
        offset: value.byteOffset,
        capacity: value.buffer.byteLength,
        rest: latin1(next.value),
      };
    },
  },
  {
    name: 'a BYOB read takes a DataView',
    peer: 'greets and waits',
    async run({ connect, address }) {
      const reader = connect(address).readable.getReader({ mode: 'byob' });
      const { value } = await reader.read(new DataView(new ArrayBuffer(8)));
      return { type: value.constructor.name, length: value.byteLength, offset: value.byteOffset };
    },
  },
  {
    name: 'a BYOB read takes a Uint16Array and gives whole elements',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      await peer.send('abcd');
      const reader = socket.readable.getReader({ mode: 'byob' });
      const { value } = await reader.read(new Uint16Array(2));
      return { type: value.constructor.name, length: value.length, first: value[0] === 0x6261 };
    },
  },
  {
    name: 'a BYOB read of a Uint16Array waits for the second half of an element',
    async run({ connect, address, peer, pending }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader({ mode: 'byob' });
      const read = reader.read(new Uint16Array(4));
      await peer.send('a');
      const waits = await pending(read);
      await peer.send('b');
      const value = waits ? (await read).value : null;
      return { waits, length: value?.length ?? null };
    },
  },
  {
    name: 'a BYOB read with min waits for that many bytes',
    async run({ connect, address, peer, pending, fate }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader({ mode: 'byob' });
      const read = reader.read(new Uint8Array(16), { min: 6 });
      await peer.send('abc');
      const waits = await pending(read);
      await peer.send('defg');
      return { waits, read: await fate(read) };
    },
  },
  {
    name: 'a BYOB read with min that FIN cuts short gives what there was',
    async run({ connect, address, peer, fate }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader({ mode: 'byob' });
      const read = reader.read(new Uint8Array(16), { min: 6 });
      await peer.send('abc');
      await peer.end();
      const first = await fate(read);
      return { first, done: (await reader.read(new Uint8Array(1))).done };
    },
  },
  {
    name: 'a BYOB read of a Uint16Array that FIN cuts in the middle of an element rejects',
    hangsInWorkerd: true,
    async run({ connect, address, peer, fate }) {
      const socket = connect(address);
      await socket.opened;
      const read = fate(socket.readable.getReader({ mode: 'byob' }).read(new Uint16Array(4)));
      await peer.send('a');
      await peer.end();
      const end = peer.ended().then((/** @type {any} */ report) => report.end);
      const [closed, seen] = await Promise.all([fate(socket.closed), fate(end)]);
      return { read: await read, closed, peer: seen };
    },
  },
  {
    name: 'BYOB reads that are not awaited are answered in order',
    async run({ connect, address, peer, fate }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader({ mode: 'byob' });
      const reads = [0, 1, 2].map(() => fate(reader.read(new Uint8Array(4))));
      const fates = [];
      for (const [index, read] of reads.entries()) {
        await peer.send(String(index));
        fates.push(await read);
      }
      return { fates };
    },
  },
  {
    name: 'a BYOB read with a view smaller than what came leaves the rest',
    peer: 'greets and waits',
    async run({ connect, address }) {
      const reader = connect(address).readable.getReader({ mode: 'byob' });
      const texts = [];
      for (const size of [1, 2, 2]) texts.push(latin1((await reader.read(new Uint8Array(size))).value));
      return { texts };
    },
  },
  {
    name: 'a BYOB read with an empty view rejects',
    peer: 'greets and waits',
    async run({ connect, address, fate }) {
      const reader = connect(address).readable.getReader({ mode: 'byob' });
      return { read: await fate(reader.read(new Uint8Array(0))) };
    },
  },
  {
    name: 'a BYOB read without a view rejects',
    async run({ connect, address, fate }) {
      const reader = connect(address).readable.getReader({ mode: 'byob' });
      return { read: await fate((async () => reader.read())()) };
    },
  },
  {
    name: 'a BYOB reader reads a megabyte through one buffer',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      await peer.sendBytes(1_000_000);
      const ended = peer.end();
      const reader = socket.readable.getReader({ mode: 'byob' });
      let buffer = new ArrayBuffer(65536);
      let total = 0;
      let intact = true;
      for (;;) {
        const { value, done } = await reader.read(new Uint8Array(buffer));
        if (done) break;
        for (const byte of value) intact = byte === total++ % 251 && intact;
        ({ buffer } = value);
      }
      await ended;
      return { total, intact, capacity: buffer.byteLength };
    },
  },
  {
    name: 'a default reader can follow a BYOB reader',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      await peer.send('abcdef');
      const byob = socket.readable.getReader({ mode: 'byob' });
      const first = latin1((await byob.read(new Uint8Array(2))).value);
      byob.releaseLock();
      return { first, rest: await readText(socket.readable.getReader(), 4) };
    },
  },
  {
    name: 'a BYOB reader can follow a default reader',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      await peer.send('abc');
      const reader = socket.readable.getReader();
      const first = await readText(reader, 3);
      reader.releaseLock();
      await peer.send('def');
      const byob = socket.readable.getReader({ mode: 'byob' });
      return { first, rest: latin1((await byob.read(new Uint8Array(8))).value) };
    },
  },
];
