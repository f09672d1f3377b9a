/** The proxy itself: a fault that does not happen would let every scenario pass. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { timeout } from '../helpers/deadline.js';
import { FaultProxy, steps } from './proxy.js';

/** @typedef {import('./proxy.js').Step} Step */

const TEXT = 'The quick brown fox';

/** What becomes of `TEXT`, and how it ends. @type {[Step, string[]][]} */
const pieces = [
  [
    ['latency', 5],
    [TEXT, 'FIN'],
  ],
  [
    ['trickle', 3],
    ['T', 'h', 'e', ' quick brown fox', 'FIN'],
  ],
  [
    ['pieces', 10],
    ['The quick ', 'brown fox', 'FIN'],
  ],
  [
    ['split', 4],
    ['The ', 'quick brown fox', 'FIN'],
  ],
  [
    ['split', 40],
    [TEXT, 'FIN'],
  ],
  [
    ['giant', 1000],
    [TEXT, 'FIN'],
  ],
  [
    ['hold', 4],
    ['The ', 'quick brown fox', 'FIN'],
  ],
  [
    ['delayFin', 5],
    [TEXT, 'FIN'],
  ],
  [['reset', 0], ['RST']],
  [
    ['reset', 9],
    ['The quick', 'RST'],
  ],
  [
    ['reset', 40],
    [TEXT, 'FIN'],
  ],
  [['fin', 0], ['FIN']],
  [
    ['fin', 9],
    ['The quick', 'FIN'],
  ],
  [['vanish', 0], ['no end']],
  [
    ['vanish', 9],
    ['The quick', 'no end'],
  ],
  [['resetForFin'], [TEXT, 'RST']],
  [['resetBehindFin'], [TEXT, 'FIN, and RST right behind it']],
];

for (const [[step, ...args], outcome] of pieces) {
  test(`${[step, ...args].join(' ')}: ${outcome.join(' | ')}`, async () => {
    assert.deepEqual(await through(step, args, [TEXT]), outcome);
  });
}

test('giant makes one segment of many, and does not wait for FIN', async () => {
  const segments = Array.from({ length: 1000 }, () => TEXT);
  assert.deepEqual(await through('giant', [1e6], segments), [TEXT.repeat(1000), 'FIN']);
  const chunks = steps.giant(forever(Buffer.from(TEXT)), 1e6)[Symbol.asyncIterator]();
  assert.equal(String((await chunks.next()).value), TEXT);
});

test('resetInRecord counts the records of TLS wherever they are cut', async () => {
  const record = (/** @type {number} */ length) =>
    `\x16\x03\x03\x00${String.fromCharCode(length)}${'x'.repeat(length)}`;
  const sent = record(3) + record(20) + record(9);
  for (const size of [1, 2, 6, 100]) {
    const segments = sent.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    const [end, ...texts] = (await through('resetInRecord', [2, 1], segments)).toReversed();
    assert.equal(end, 'RST');
    const received = texts.toReversed().join('');
    assert.ok(sent.startsWith(received));
    // In pieces of a byte the header is all that is known.
    assert.ok([13, 14].includes(received.length), `${received.length} bytes`);
  }
});

/** What the client of a peer that greets and ends sees. @type {[import('./proxy.js').Fault, string[]][]} */
const outcomes = [
  [{ name: 'no fault' }, [`${TEXT} FIN`]],
  [{ name: 'fin', toClient: [['fin', 9]] }, ['The quick FIN']],
  [{ name: 'reset', toClient: [['reset', 9]] }, ['The quick ECONNRESET']],
  [{ name: 'reset at once', toClient: [['reset', 0]] }, [' ECONNRESET']],
  [{ name: 'nobody listens', arrival: 'nobody listens' }, [' ECONNREFUSED']],
  [{ name: 'RST before accept', arrival: 'RST before accept' }, [' ECONNRESET']],
  [{ name: 'RST after accept', arrival: 'RST after accept' }, [' ECONNRESET']],
  [{ name: 'FIN after accept', arrival: 'FIN after accept' }, [' FIN']],
  [{ name: 'FIN and RST after accept', arrival: 'FIN and RST after accept' }, [' FIN', ' ECONNRESET']],
];

for (const [fault, expected] of outcomes) {
  test(`a client behind "${fault.name}" gets ${expected.join(', or ')}`, { timeout }, async (t) => {
    const peer = await listen(t, (socket) => socket.end(TEXT));
    const client = await connectThrough(t, fault, peer);
    const seen = await ending(client);
    assert.ok(expected.includes(seen), seen);
  });
}

test('a peer gets what comes before a fault of its direction', { timeout }, async (t) => {
  /** @type {Promise<string>[]} */ const endings = [];
  const peer = await listen(t, (socket) => endings.push(ending(socket)));
  const client = await connectThrough(t, { name: 'reset', toPeer: [['reset', 9]] }, peer);
  client.write(TEXT);
  assert.equal(await ending(client), ' ECONNRESET');
  assert.deepEqual(await Promise.all(endings), ['The quick ECONNRESET']);
});

test('stop() resets connections whose bytes have vanished', { timeout }, async (t) => {
  const peer = await listen(t, (socket) => socket.end(TEXT));
  const proxy = await FaultProxy.start({ name: 'vanish', toClient: [['vanish', 9]] }, peer);
  const client = connect(proxy.port, peer.host);
  t.after(() => client.destroy());
  client.once('data', () => proxy.stop());
  assert.equal(await ending(client), 'The quick ECONNRESET');
});

/**
 * What a step makes of segments that FIN follows: the segments, and how they end.
 *
 * @param {Step[0]} step
 * @param {number[]} args
 * @param {string[]} segments
 */
async function through(step, args, segments) {
  const outcome = [];
  const act = /** @type {(chunks: AsyncIterable<Buffer>, ...args: number[]) => AsyncIterable<Buffer>} */ (
    steps[step]
  );
  try {
    for await (const chunk of act(source(segments), ...args)) outcome.push(String(chunk));
    outcome.push('FIN');
  } catch (end) {
    outcome.push(/** @type {Error} */ (end).message);
  }
  return outcome;
}

async function* source(/** @type {string[]} */ segments) {
  for (const segment of segments) yield Buffer.from(segment);
}

async function* forever(/** @type {Buffer} */ chunk) {
  yield chunk;
  await new Promise(() => {});
}

/**
 * @param {import('node:test').TestContext} t
 * @param {(socket: import('node:net').Socket) => void} serve
 */
async function listen(t, serve) {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    t.after(() => socket.destroy());
    socket.on('error', () => {});
    serve(socket);
  });
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { host: '127.0.0.1', port };
}

/**
 * @param {import('node:test').TestContext} t
 * @param {import('./proxy.js').Fault} fault
 * @param {{ host: string, port: number }} peer
 */
async function connectThrough(t, fault, peer) {
  const proxy = await FaultProxy.start(fault, peer);
  t.after(() => proxy.stop());
  const client = connect({ port: proxy.port, host: peer.host, allowHalfOpen: true });
  t.after(() => client.destroy());
  return client;
}

/** What a socket reads, and how that ends: `'text FIN'`, or the code of an error in place of FIN. */
async function ending(/** @type {import('node:net').Socket} */ socket) {
  let text = '';
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) text += chunk;
    return `${text} FIN`;
  } catch (error) {
    return `${text} ${/** @type {NodeJS.ErrnoException} */ (error).code}`;
  }
}
