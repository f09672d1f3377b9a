/** What a default reader gets, and how a readable is cancelled and unlocked. */
import { latin1, pattern, readPattern, readText, utf8 } from '../harness.js';

/** @type {import('../harness.js').Scenario[]} */
export const reading = [
  {
    name: 'a default reader gets a Uint8Array',
    peer: 'greets and waits',
    async run({ connect, address }) {
      const { value, done } = await connect(address).readable.getReader().read();
      return {
        done,
        type: value.constructor.name,
        prototype: Object.getPrototypeOf(value) === Uint8Array.prototype,
      };
    },
  },
  {
    name: 'a chunk owns its whole buffer',
    peer: 'greets and waits',
    async run({ connect, address }) {
      const { value } = await connect(address).readable.getReader().read();
      return { offset: value.byteOffset, whole: value.buffer.byteLength === value.byteLength };
    },
  },
  {
    name: 'every chunk of a large transfer owns its whole buffer, and no two share one',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      await peer.sendBytes(1_000_000);
      const ended = peer.end();
      const buffers = new Set();
      let chunks = 0;
      let whole = true;
      for await (const chunk of socket.readable) {
        chunks += 1;
        buffers.add(chunk.buffer);
        whole = whole && chunk.byteOffset === 0 && chunk.buffer.byteLength === chunk.byteLength;
      }
      await ended;
      return { whole, distinct: buffers.size === chunks };
    },
  },
  {
    name: 'the buffer of a chunk is a plain ArrayBuffer that can be transferred',
    peer: 'greets and waits',
    async run({ connect, address }) {
      const { value } = await connect(address).readable.getReader().read();
      const plain = Object.getPrototypeOf(value.buffer) === ArrayBuffer.prototype;
      const moved = structuredClone(value.buffer, { transfer: [value.buffer] });
      return { plain, moved: latin1(new Uint8Array(moved, 0, 5)), left: value.byteLength };
    },
  },
  {
    name: 'a chunk that was transferred away does not disturb the next',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader();
      await peer.send('first');
      const { value } = await reader.read();
      structuredClone(value.buffer, { transfer: [value.buffer] });
      await peer.send('second');
      return { read: await readText(reader, 6) };
    },
  },
  {
    name: 'a chunk that is kept is not overwritten by the next',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader();
      await peer.send('first');
      const first = (await reader.read()).value;
      await peer.send('other');
      const second = (await reader.read()).value;
      return { first: latin1(first), second: latin1(second) };
    },
  },
  {
    name: 'reads that are not awaited are answered in order',
    async run({ connect, address, peer, fate }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader();
      const reads = [fate(reader.read()), fate(reader.read()), fate(reader.read())];
      const fates = [];
      for (const [index, read] of reads.entries()) {
        await peer.send(String(index));
        fates.push(await read);
      }
      return { fates };
    },
  },
  {
    name: 'reads that are not awaited share what has arrived',
    async run({ connect, address, peer, fate, quiesce }) {
      const socket = connect(address);
      await socket.opened;
      await peer.send('here');
      await quiesce();
      const reader = socket.readable.getReader();
      const reads = [fate(reader.read()), fate(reader.read())];
      const first = await reads[0];
      await peer.send('later');
      return { first, second: await reads[1] };
    },
  },
  {
    name: 'several reads may wait at once, and FIN ends them all',
    async run({ connect, address, peer, fate }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader();
      const reads = [fate(reader.read()), fate(reader.read()), fate(reader.read())];
      await peer.end();
      return { reads: await Promise.all(reads) };
    },
  },
  {
    name: 'a read waits until a byte comes',
    async run({ connect, address, peer, pending, fate }) {
      const socket = connect(address);
      await socket.opened;
      const read = socket.readable.getReader().read();
      const waits = await pending(read);
      await peer.send('x');
      return { waits, read: await fate(read) };
    },
  },
  {
    name: 'bytes that arrive one at a time are not lost',
    async run({ connect, address, peer }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader();
      const text = readText(reader, 10);
      for (const letter of 'one by one') await peer.send(letter);
      return { text: await text };
    },
  },
  {
    name: 'what arrived before anybody read is still there',
    async run({ connect, address, peer, quiesce }) {
      const socket = connect(address);
      await socket.opened;
      await peer.send('early');
      await quiesce();
      return { read: await readText(socket.readable.getReader(), 5) };
    },
  },
  {
    name: 'cancel() resolves and ends the reads that come after',
    peer: 'greets and waits',
    async run({ connect, address, fate, pending }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader();
      const cancel = await fate(reader.cancel(new Error('mine')));
      return {
        cancel,
        read: await fate(reader.read()),
        closed: await fate(reader.closed),
        pending: await pending(socket.closed),
      };
    },
  },
  {
    name: 'cancel() ends a read that waits',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader();
      const read = fate(reader.read());
      return { cancel: await fate(reader.cancel()), read: await read };
    },
  },
  {
    name: 'cancel() ends a BYOB read that waits without a view',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader({ mode: 'byob' });
      const read = fate(reader.read(new Uint8Array(8)));
      return { cancel: await fate(reader.cancel()), read: await read };
    },
  },
  {
    name: 'cancel() is not seen by the peer',
    async run({ connect, address, fate, peer, quiesce }) {
      const socket = connect(address);
      await socket.opened;
      await socket.readable.cancel();
      await peer.send('nobody listens');
      await quiesce();
      const writer = socket.writable.getWriter();
      const write = await fate(writer.write(utf8('still here')));
      return { write, peer: await peer.received(10) };
    },
  },
  {
    name: 'cancel() of a locked readable rejects',
    async run({ connect, address, fate }) {
      const { readable } = connect(address);
      readable.getReader();
      return { cancel: await fate(readable.cancel()) };
    },
  },
  {
    name: 'cancel() twice resolves twice',
    async run({ connect, address, fate }) {
      const { readable } = connect(address);
      return { one: await fate(readable.cancel()), two: await fate(readable.cancel()) };
    },
  },
  {
    name: 'releaseLock() rejects a read that waits, and leaves the bytes to the next reader',
    async run({ connect, address, peer, kind, attempt }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader();
      const read = reader.read().then(
        () => 'resolved',
        (/** @type {any} */ error) => (error instanceof TypeError ? 'a TypeError' : kind(error)),
      );
      const released = attempt(() => reader.releaseLock());
      await peer.send('for the next');
      const next = socket.readable.locked ? 'locked' : await readText(socket.readable.getReader(), 12);
      return { released, read: await read, next };
    },
  },
  {
    name: 'releaseLock() with a BYOB read that waits leaves the bytes to the next reader',
    async run({ connect, address, peer, kind, attempt }) {
      const socket = connect(address);
      await socket.opened;
      const reader = socket.readable.getReader({ mode: 'byob' });
      const read = reader.read(new Uint8Array(4)).then(
        () => 'resolved',
        (/** @type {any} */ error) => (error instanceof TypeError ? 'a TypeError' : kind(error)),
      );
      const released = attempt(() => reader.releaseLock());
      await peer.send('for the next');
      const next = socket.readable.locked ? 'locked' : await readText(socket.readable.getReader(), 12);
      return { released, read: await read, next };
    },
  },
  {
    name: 'a read of a reader that has released its lock rejects',
    async run({ connect, address, fate }) {
      const reader = connect(address).readable.getReader();
      reader.releaseLock();
      return { read: await fate(reader.read()), closed: await fate(reader.closed) };
    },
  },
  {
    name: 'a second reader cannot be got while the first holds the lock',
    async run({ connect, address, attempt }) {
      const { readable } = connect(address);
      readable.getReader();
      return {
        default: attempt(() => readable.getReader()),
        byob: attempt(() => readable.getReader({ mode: 'byob' })),
      };
    },
  },
  {
    name: 'reading and writing at once moves a megabyte each way',
    peer: 'echo',
    async run({ connect, address, fate }) {
      const socket = connect(address);
      const writer = socket.writable.getWriter();
      const writing = (async () => {
        const all = pattern(1_000_000);
        for (let from = 0; from < all.length; from += 50_000)
          await writer.write(all.subarray(from, from + 50_000));
        await writer.close();
      })();
      const read = await readPattern(socket.readable.getReader());
      return { read, writing: await fate(writing), closed: await fate(socket.closed) };
    },
  },
];
