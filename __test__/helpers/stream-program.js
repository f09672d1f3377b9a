// Runs programs of stream operations on one socket, and records what can be observed of it. Started as a process of
// its own, so that the same program can run with the fast path (see `lib/fast-path.js`) and without.

import { once } from 'node:events';
import { createServer } from 'node:net';

import { connect } from '../../index.js';
import { turns } from './settle.js';

/** So many turns of the event loop without anything new, and everything that is under way on the loopback has happened. */
const A_WHILE = 8;

/** A write of so many bytes is more than the kernel takes at once. */
const A_LOT = 4_000_000;

const server = createServer({ allowHalfOpen: true, noDelay: true });
server.listen(0, '127.0.0.1');
await once(server, 'listening');

/**
 * @typedef {[name: keyof typeof steps, argument?: any]} Step
 *
 * @typedef {object} Program
 * @property {object} options Of `connect()`.
 * @property {Step[]} steps
 */

/**
 * The record: for the readable, the writable, the socket and the peer each what happened, in order, with the number of the
 * operation that it belongs to and of the pause (`settle`) before which it happened; and what steps threw.
 *
 * @param {Program} program
 */
async function run({ options, steps: program }) {
  const record = { readable: [], writable: [], socket: [], peer: [], thrown: [] };
  // How long it takes until the peer has taken a lot is up to the kernel, and so is the end of a socket.
  const isTimely = !program.some(([name, size]) => name === 'write' && size >= A_LOT);
  const accepted = once(server, 'connection');
  const socket = connect({ hostname: '127.0.0.1', port: server.address().port }, options);
  const state = {
    socket,
    record,
    accepted,
    isTimely,
    pauses: 0,
    operations: 0,
    activity: 0,
    sent: 0,
    reader: undefined,
  };
  watch(
    state,
    'socket',
    'opened',
    socket.opened.then(() => 'info'),
  );
  watch(state, 'socket', 'closed', socket.closed);
  const [peer] = await accepted;
  state.peer = peer;
  listenTo(state, peer);

  for (const [name, argument] of program) {
    state.operations++;
    try {
      await steps[name](state, argument);
    } catch (error) {
      record.thrown.push([state.operations, name, describe(error)]);
    }
  }
  await steps.settle(state);
  socket.close();
  await steps.settle(state);
  peer.destroy();
  await socket.closed.catch(() => {});
  await turns(2);
  return record;
}

/** What a program can do. A step that gives nothing back runs in the same turn as the one before it. */
const steps = {
  settle: async (state) => {
    let seen;
    do {
      seen = state.activity;
      await turns(A_WHILE);
    } while (state.activity !== seen);
    state.pauses++;
  },
  tick: () => Promise.resolve(),

  // The readable.
  getReader(state) {
    const reader = state.socket.readable.getReader();
    state.reader = reader;
    watch(state, 'readable', 'reader.closed', reader.closed);
  },
  getByobReader(state) {
    const reader = state.socket.readable.getReader({ mode: 'byob' });
    state.reader = reader;
    watch(state, 'readable', 'reader.closed', reader.closed);
  },
  read(state, size) {
    const isByob = state.reader instanceof ReadableStreamBYOBReader;
    watch(
      state,
      'readable',
      'read',
      isByob ? state.reader.read(new Uint8Array(size)) : state.reader.read(),
      result,
    );
  },
  releaseReader: (state) => void state.reader.releaseLock(),
  cancelReader: (state) => watch(state, 'readable', 'cancel', state.reader.cancel('enough')),
  cancelStream: (state) => watch(state, 'readable', 'cancel', state.socket.readable.cancel('enough')),
  tee(state) {
    const [one, other] = state.socket.readable.tee();
    watch(state, 'readable', 'read of a branch', one.getReader().read(), result);
    watch(state, 'readable', 'read of the other', other.getReader().read(), result);
  },
  iterate(state) {
    const next = state.socket.readable.values({ preventCancel: true });
    watch(
      state,
      'readable',
      'next',
      next.next().then(async (got) => [result(got), await next.return?.()]),
    );
  },

  // The writable.
  getWriter(state) {
    const writer = state.socket.writable.getWriter();
    state.writer = writer;
    watch(state, 'writable', 'writer.closed', writer.closed);
  },
  write: (state, size) => watch(state, 'writable', 'write', state.writer.write(new Uint8Array(size).fill(7))),
  writeText: (state, text) => watch(state, 'writable', 'write', state.writer.write(text)),
  writeNonsense: (state) => watch(state, 'writable', 'write', state.writer.write(5)),
  ready: (state) => watch(state, 'writable', 'ready', state.writer.ready),
  closeWriter: (state) => watch(state, 'writable', 'close', state.writer.close()),
  abortWriter: (state) => watch(state, 'writable', 'abort', state.writer.abort('no more')),
  releaseWriter: (state) => void state.writer.releaseLock(),
  pipe(state) {
    const source = new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(100));
        controller.close();
      },
    });
    const piped = source.pipeTo(state.socket.writable, { preventClose: true });
    watch(state, 'writable', 'pipe', piped);
  },

  // The socket.
  closeSocket: (state) => watch(state, 'socket', 'close', state.socket.close()),
  closeSocketWith: (state) => watch(state, 'socket', 'close', state.socket.close(new RangeError('a reason'))),

  // The peer, once the socket knows that it is connected, and until it knows of this as well: how soon something arrives is
  // up to the kernel.
  async peerSends(state, size) {
    await state.socket.opened.catch(() => {});
    const bytes = Buffer.from({ length: size }, () => state.sent++ % 251);
    if (state.peer.writable) state.peer.write(bytes);
    await steps.settle(state);
  },
  async peerEnds(state) {
    await state.socket.opened.catch(() => {});
    state.peer.end();
    await steps.settle(state);
  },
  async peerResets(state) {
    await state.socket.opened.catch(() => {});
    state.peer.resetAndDestroy();
    await steps.settle(state);
  },
  peerStalls: (state) => void state.peer.pause(),
  peerGoesOn: (state) => void state.peer.resume(),
};

function watch(state, stream, name, promise, describeValue = String) {
  const operation = state.operations;
  const note = (...outcome) => {
    state.activity++;
    const pause = state.isTimely && stream !== 'socket' ? state.pauses : 0;
    state.record[stream].push([operation, pause, name, ...outcome]);
  };
  promise.then(
    (value) => note('gave', describeValue(value)),
    (error) => note('failed', describe(error)),
  );
}

function listenTo(state, peer) {
  let received = 0;
  peer.on('data', (chunk) => {
    state.activity++;
    received += chunk.length;
  });
  peer.on('end', () => state.record.peer.push(['end', received]));
  peer.on('error', () => {});
}

function result({ done, value }) {
  return value === undefined ? `done ${done}` : `done ${done}, ${Buffer.from(value).toString('latin1')}`;
}

/** An error without the port, which differs, and without the direction that noticed a reset first: that is a race. */
function describe(error) {
  if (!(error instanceof Error)) return String(error);
  const { name, code, message } = error;
  return `${name} ${code}: ${message.replaceAll(/:\d{2,5}/g, ':PORT').replace(/read from|write to/, 'I/O with')}`;
}

process.on('message', async (program) => process.send(await run(program)));
