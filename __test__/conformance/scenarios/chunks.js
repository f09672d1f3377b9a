/** What a chunk of `writable` may be. */
import { readText, utf8 } from '../harness.js';

/** @typedef {import('../harness.js').Scenario} Scenario */

/**
 * A chunk that must arrive as these characters. The stream is closed behind it, so that a chunk that sends nothing is seen too.
 *
 * @param {string} name
 * @param {() => any} chunk
 * @returns {Scenario}
 */
const delivered = (name, chunk) => ({
  name,
  async run({ connect, address, fate, peer }) {
    const writer = connect(address).writable.getWriter();
    const write = await fate(writer.write(chunk()));
    const close = await fate(writer.close());
    return { write, close, peer: await peer.ended() };
  },
});

/**
 * A chunk that must not be taken.
 *
 * @param {string} name
 * @param {any} chunk
 * @returns {Scenario}
 */
const rejected = (name, chunk) => ({
  name,
  async run({ connect, address, shape, peer, quiesce }) {
    const socket = connect(address);
    const writer = socket.writable.getWriter();
    const error = await writer.write(chunk).then(
      () => 'resolved',
      (/** @type {any} */ error) => (shape(error).typeError ? 'a TypeError' : 'something else'),
    );
    await socket.opened;
    await quiesce();
    return { error, received: (await peer.state()).received ?? '' };
  },
});

/** @type {import('../harness.js').Scenario[]} */
export const chunks = [
  delivered('a Uint8Array can be written', () => utf8('bytes')),
  delivered('an ArrayBuffer can be written', () => utf8('buffer').buffer),
  delivered('a DataView can be written', () => new DataView(utf8('view').buffer)),
  delivered('a Uint16Array is written as its bytes', () => new Uint16Array(utf8('abcd').buffer)),
  delivered('a Float64Array is written as its bytes', () => new Float64Array(utf8('12345678').buffer)),
  delivered('a BigInt64Array is written as its bytes', () => new BigInt64Array(utf8('12345678').buffer)),
  delivered('a Uint8ClampedArray can be written', () => new Uint8ClampedArray([97, 98, 300])),
  delivered('a view is written with its offset and length', () => utf8('0123456789').subarray(3, 6)),
  delivered(
    'a DataView is written with its offset and length',
    () => new DataView(utf8('0123456789').buffer, 4, 2),
  ),
  delivered('a view of a resizable buffer is written with its current length', () => {
    const buffer = new ArrayBuffer(4, { maxByteLength: 8 });
    new Uint8Array(buffer).set(utf8('abcd'));
    return new Uint8Array(buffer);
  }),
  delivered('a string is written as UTF-8', () => 'grüße 👋'),
  delivered('an empty string sends nothing', () => ''),
  delivered('an empty Uint8Array sends nothing', () => new Uint8Array(0)),
  delivered('an empty ArrayBuffer sends nothing', () => new ArrayBuffer(0)),
  delivered('a SharedArrayBuffer can be written', () => {
    const buffer = new SharedArrayBuffer(6);
    new Uint8Array(buffer).set(utf8('shared'));
    return buffer;
  }),
  delivered('a view of a SharedArrayBuffer can be written', () => {
    const buffer = new SharedArrayBuffer(6);
    new Uint8Array(buffer).set(utf8('shared'));
    return new Uint8Array(buffer, 2);
  }),
  delivered('undefined sends nothing', () => undefined),
  rejected('a number cannot be written', 1),
  rejected('null cannot be written', null),
  rejected('a plain object cannot be written', { length: 3 }),
  rejected('an array cannot be written', [1, 2, 3]),
  rejected('a String object cannot be written', new String('text')),
  rejected('a Blob cannot be written', new Blob(['text'])),
  rejected('a symbol cannot be written', Symbol('chunk')),
  {
    name: 'a chunk of a wrong type errors the writable',
    async run({ connect, address, fate }) {
      const writer = connect(address).writable.getWriter();
      const wrong = await fate(writer.write(42));
      const right = await fate(writer.write(utf8('right')));
      return { wrong, right: 'resolved' in right ? 'is taken' : 'is rejected' };
    },
  },
  {
    name: 'a chunk of a wrong type leaves the readable alone',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address);
      await fate(socket.writable.getWriter().write(42));
      await socket.opened;
      await peer.send('still');
      return { read: await readText(socket.readable.getReader(), 5) };
    },
  },
  {
    name: 'a chunk of a wrong type does not throw at once',
    async run({ connect, address, attempt }) {
      const writer = connect(address).writable.getWriter();
      return { attempt: attempt(() => writer.write(42).catch(() => {})) };
    },
  },
];
