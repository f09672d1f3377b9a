// The kinds of connections: what each does, how many in a hundred it is, and which errors belong to it.

import { TLSSocket, connect } from '../../index.js';

import { fixture } from './fixture.mjs';

/**
 * @typedef {import('../../index.js').Socket} Socket
 * @typedef {import('./servers.mjs').Ports} Ports
 * @typedef {'plain' | 'secure' | 'upgraded'} Transport
 *
 * What a connection can use of the churn that it is part of.
 * @typedef {object} Context
 * @property {Ports} ports
 * @property {() => string} host The one whose turn it is.
 * @property {(most: number) => Promise<void>} think Waits for a random time of at most so many milliseconds.
 * @property {() => boolean} isOver
 * @property {(bytes: number) => void} received
 * @property {(bytes: number) => void} sent
 *
 * @typedef {object} Kind
 * @property {string} name
 * @property {number} share
 * @property {(context: Context) => Promise<void>} run
 * @property {readonly string[]} [codes] The errors that it may end with.
 */

const binding = new TLSSocket({ ca: fixture('root.pem'), servername: 'localhost' });
const message = new Uint8Array(1000).fill(87);
const piece = new Uint8Array(65536).fill(87);
const KIB = 1024;

/** A reset may be met by a write, and may overtake what the peer had to say. */
const RESET = ['ECONNRESET', 'EPIPE', 'ERR_TLS_TRUNCATED'];

/** @type {readonly Kind[]} */
export const kinds = [
  { name: 'plain', share: 24, run: (context) => converse(context, 'plain') },
  { name: 'TLS', share: 18, run: (context) => converse(context, 'secure') },
  { name: 'startTls', share: 12, run: (context) => converse(context, 'upgraded') },
  { name: 'download', share: 6, run: (context) => download(context, 'plain') },
  { name: 'TLS download', share: 6, run: (context) => download(context, 'secure') },
  { name: 'upload', share: 4, run: (context) => upload(context, 'plain') },
  { name: 'TLS upload', share: 4, run: (context) => upload(context, 'secure') },
  { name: 'aborted', share: 4, run: (context) => abort(context, 'plain') },
  { name: 'TLS aborted', share: 3, run: (context) => abort(context, 'secure') },
  { name: 'closed while pending', share: 3, run: closeWhilePending },
  { name: 'reset', share: 4, run: (context) => reset(context, 'plain'), codes: RESET },
  { name: 'TLS reset', share: 3, run: (context) => reset(context, 'secure'), codes: RESET },
  { name: 'refused', share: 2, run: refused, codes: ['ECONNREFUSED'] },
  { name: 'slow peer', share: 4, run: trickle },
  { name: 'slow reader', share: 3, run: sip },
];

/**
 * @param {Context} context
 * @param {Transport} transport
 */
async function open(context, transport) {
  const { ports } = context;
  if (transport === 'plain') return connect({ hostname: context.host(), port: ports.plain });
  if (transport === 'secure') return binding.connect({ hostname: context.host(), port: ports.secure });
  const address = { hostname: context.host(), port: ports.upgradable };
  const plain = connect(address, { secureTransport: 'starttls' });
  await plain.writable.getWriter().write('STARTTLS\n');
  const { value } = await plain.readable.getReader().read();
  if (value?.length !== 3) throw new Error(`STARTTLS was answered with ${value}`);
  return plain.startTls({ ca: fixture('root.pem'), expectedServerHostname: 'localhost' });
}

/**
 * Asks and is answered, with pauses.
 *
 * @param {Context} context
 * @param {Transport} transport
 */
async function converse(context, transport) {
  const socket = await open(context, transport);
  const writer = socket.writable.getWriter();
  const reader = socket.readable.getReader();
  await writer.write('echo\n');
  for (let rounds = 1 + Math.random() * 8; rounds > 0; rounds--) {
    await writer.write(message);
    context.sent(message.length);
    let missing = message.length;
    while (missing > 0) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`the echo ended ${missing} bytes early`);
      missing -= value.length;
      context.received(value.length);
    }
    if (missing < 0) throw new Error(`the echo has ${-missing} bytes too many`);
    await context.think(2000);
  }
  // Both ways to end: all at once, or one side after the other.
  if (Math.random() < 0.5) return socket.close();
  await writer.close();
  if (!(await reader.read()).done) throw new Error('something came behind the echo');
  await socket.closed;
}

/**
 * Reads until the peer ends.
 *
 * @param {Context} context
 * @param {Transport} transport
 */
async function download(context, transport) {
  const socket = await open(context, transport);
  const size = Math.ceil(Math.random() * 1024 * KIB);
  await socket.writable.getWriter().write(`end ${size}\n`);
  let received = 0;
  for await (const { length } of socket.readable) {
    received += length;
    context.received(length);
  }
  if (received !== size) throw new Error(`${received} of ${size} bytes arrived`);
  await socket.closed;
  await context.think(2000);
}

/**
 * Writes, and has it all back before it ends.
 *
 * @param {Context} context
 * @param {Transport} transport
 */
async function upload(context, transport) {
  const socket = await open(context, transport);
  const count = 1 + Math.floor(Math.random() * 8);
  const writing = (async () => {
    const writer = socket.writable.getWriter();
    await writer.write('echo\n');
    for (let i = 0; i < count; i++) {
      await writer.write(piece);
      context.sent(piece.length);
    }
    await writer.close();
  })();
  let received = 0;
  for await (const { length } of socket.readable) {
    received += length;
    context.received(length);
  }
  await writing;
  if (received !== count * piece.length) throw new Error(`${received} of ${count} × 64 KiB came back`);
  await socket.closed;
  await context.think(2000);
}

/**
 * Ends in the middle of a download and an upload.
 *
 * @param {Context} context
 * @param {Transport} transport
 */
async function abort(context, transport) {
  const socket = await open(context, transport);
  const reader = socket.readable.getReader();
  const writer = socket.writable.getWriter();
  await writer.write('end 100000000\n');
  const { value } = await reader.read();
  context.received(value?.length ?? 0);
  await context.think(2000);
  for (let i = 0; i < 8; i++) writer.write(piece).catch(() => {});
  if (Math.random() < 0.5) await writer.abort(new Error('enough'));
  await reader.cancel();
  await socket.close();
}

/** @param {Context} context */
async function closeWhilePending(context) {
  const socket = connect({ hostname: context.host(), port: context.ports.plain });
  socket.writable
    .getWriter()
    .write('never')
    .catch(() => {});
  await socket.close();
  await context.think(500);
}

/**
 * @param {Context} context
 * @param {Transport} transport
 */
async function reset(context, transport) {
  const socket = await open(context, transport);
  await socket.opened;
  await context.think(1000);
  await socket.writable.getWriter().write(`reset ${Math.floor(Math.random() * 200 * KIB)}\n`);
  try {
    for await (const { length } of socket.readable) context.received(length);
  } finally {
    await socket.closed;
  }
  throw new Error('a connection that was reset ended well');
}

/** @param {Context} context */
async function refused({ ports, think }) {
  await think(500);
  await connect({ hostname: ports.hosts[0] ?? '', port: ports.refused }).opened;
}

/**
 * A peer that sends a little now and then.
 *
 * @param {Context} context
 */
async function trickle(context) {
  const socket = await open(context, 'plain');
  await socket.writable.getWriter().write('trickle\n');
  const reader = socket.readable.getReader();
  for (let chunks = Math.random() * 100; chunks > 0 && !context.isOver(); chunks--) {
    const { value } = await reader.read();
    context.received(value?.length ?? 0);
  }
  await socket.close();
}

/**
 * A peer that reads less than it is sent.
 *
 * @param {Context} context
 */
async function sip(context) {
  const socket = await open(context, 'plain');
  const writer = socket.writable.getWriter();
  await writer.write('sip\n');
  for (let pieces = Math.random() * 60; pieces > 0 && !context.isOver(); pieces--) {
    await writer.write(piece);
    context.sent(piece.length);
    await context.think(100);
  }
  await socket.close();
}
