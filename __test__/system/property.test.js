// Random arguments, and random programs over a socket. The seed is printed; WINTER_SOCKETS_SEED=… repeats a run.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { test } from 'node:test';

import fc from 'fast-check';

import { SocketError, connect } from '../../index.js';
import address from '../../lib/address.js';
import { echo, listen } from './helpers/peers.js';
import { refusedPort } from '../helpers/refused-port.js';
import { needsLinux } from './helpers/platform.js';

const seed = Number(process.env.WINTER_SOCKETS_SEED ?? Date.now() % 2 ** 31);

/** What anything on loopback may take. */
const DEADLINE_MS = 5000;

const options = { timeout: 120_000 };

test(
  '10,000 random addresses and options give an error at once, or a socket that opens or fails',
  options,
  async (t) => {
    t.diagnostic(`WINTER_SOCKETS_SEED=${seed}`);
    const peer = await listen(t, echo);
    const refused = await refusedPort(t);
    const outcomes = { thrown: 0, opened: 0, failed: 0, closed: 0, elsewhere: 0 };
    const before = countDescriptors();

    // In batches, because a connection is mostly waiting.
    const batch = fc.array(fc.tuple(anyAddress(peer.port, refused), anyOptions(), fc.boolean()), {
      minLength: 20,
      maxLength: 20,
    });
    const property = fc.asyncProperty(batch, async (cases) => {
      const results = await Promise.all(cases.map((arguments_) => attempt(...arguments_)));
      for (const result of results) outcomes[result]++;
    });
    await fc.assert(property, { seed, numRuns: 500, endOnFailure: true, includeErrorInReport: true });

    t.diagnostic(JSON.stringify(outcomes));
    assert.ok(
      outcomes.opened > 500 && outcomes.failed > 500 && outcomes.closed > 500,
      JSON.stringify(outcomes),
    );
    await peer.allEnded();
    // What is being resolved for sockets that were closed meanwhile may have some of its own.
    if (!needsLinux) assert.ok(countDescriptors() - before < 70, 'descriptors were left behind');
  },
);

/** What comes of one pair of arguments. */
async function attempt(target, socketOptions, closesAtOnce) {
  if (isElsewhere(target)) return 'elsewhere';
  let socket;
  try {
    socket = connect(target, socketOptions);
  } catch (error) {
    assert.ok(error instanceof SocketError || error instanceof TypeError, `thrown: ${error}`);
    return 'thrown';
  }
  // A resolver may take longer than we are willing to wait.
  if (closesAtOnce || isReserved(target)) {
    await within(
      DEADLINE_MS,
      'closed, of a socket that was closed',
      socket.close().catch(() => {}),
    );
    await assert.rejects(socket.opened);
    return 'closed';
  }
  try {
    const info = await within(DEADLINE_MS, 'opened', socket.opened);
    assert.match(info.localAddress, /:\d+$/);
    await within(DEADLINE_MS, 'closed', socket.close());
    return 'opened';
  } catch (error) {
    assert.ok(error instanceof SocketError, `opened rejects with ${error}`);
    assert.equal(typeof error.code, 'string');
    await within(DEADLINE_MS, 'closed, of a socket that failed', assert.rejects(socket.closed));
    return 'failed';
  }
}

/** Whether a valid address is none of this machine's. Nothing that a test does may leave it. */
function isElsewhere(target) {
  try {
    const { hostname } = address.parseAddress(target);
    const isLocal =
      (isIPv4(hostname) && hostname.startsWith('127.')) ||
      ['localhost', '::1', '::ffff:127.0.0.1'].includes(hostname);
    return !isLocal && !isReserved(target);
  } catch {
    // It throws again.
    return false;
  }
}

/** Whether the host is in the domain that is reserved for names that don't exist. */
function isReserved(target) {
  try {
    return address.parseAddress(target).hostname.endsWith('.invalid');
  } catch {
    return false;
  }
}

function anyAddress(open, refused) {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
  const hostname = fc.oneof(
    { arbitrary: fc.constantFrom('127.0.0.1', 'localhost', '::1', '[::1]', '::ffff:127.0.0.1'), weight: 140 },
    { arbitrary: fc.ipV4().map((ip) => ip.replace(/^\d+/, '127')), weight: 20 },
    // Few: a name that is closed at once may already be on its way to a name server, and occupy a thread.
    { arbitrary: fc.domain().map((name) => `${name.split('.')[0]}.invalid`), weight: 1 },
    { arbitrary: fc.oneof(text, fc.anything()), weight: 20 },
    {
      arbitrary: fc.constantFrom(
        '',
        ' ',
        '[]',
        '[::1',
        'a b',
        'http://localhost',
        'user@localhost',
        '127.0.0.1/',
        'x'.repeat(256),
      ),
      weight: 20,
    },
  );
  const port = fc.oneof(
    { arbitrary: fc.constantFrom(open, `${open}`), weight: 12 },
    { arbitrary: fc.constantFrom(refused, 0), weight: 6 },
    {
      arbitrary: fc.constantFrom(-1, 65536, NaN, Infinity, '', 'http', '0x', null, undefined, -0.5),
      weight: 2,
    },
    { arbitrary: fc.oneof(text, fc.anything()), weight: 2 },
  );
  return fc.oneof(
    { arbitrary: fc.record({ hostname, port }), weight: 8 },
    { arbitrary: fc.record({ hostname, port }, { requiredKeys: [] }), weight: 1 },
    { arbitrary: fc.tuple(hostname, port).map(asText), weight: 8 },
    { arbitrary: text, weight: 1 },
    { arbitrary: fc.anything({ withProxies: true, withNullPrototype: true, withBigInt: true }), weight: 2 },
  );
}

/** `host:port`; what can't be converted becomes its kind. */
function asText([hostname, port]) {
  const [host, number] = [hostname, port].map((part) => {
    try {
      return `${part}`;
    } catch {
      return typeof part;
    }
  });
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${number}` : `${host}:${number}`;
}

function anyOptions() {
  const known = fc.record(
    {
      allowHalfOpen: fc.oneof(fc.boolean(), fc.anything()),
      highWaterMark: fc.oneof(fc.nat(), fc.double(), fc.anything()),
      secureTransport: fc.constantFrom('off', 'off', 'off', 'starttls', 'on', 'maybe', undefined),
      sni: fc.oneof(fc.constantFrom(undefined, null, 'localhost'), fc.anything()),
      alpn: fc.oneof(fc.constantFrom(undefined, null, [], ['h2']), fc.anything()),
    },
    { requiredKeys: [] },
  );
  const harmless = fc.record({ allowHalfOpen: fc.boolean(), highWaterMark: fc.nat() }, { requiredKeys: [] });
  return fc.oneof(
    { arbitrary: fc.constantFrom(undefined, null), weight: 3 },
    { arbitrary: harmless, weight: 4 },
    { arbitrary: known, weight: 2 },
    { arbitrary: fc.anything({ withProxies: true, withNullPrototype: true, withBigInt: true }), weight: 1 },
  );
}

/** What is sent, in either direction: a byte tells where it belongs. */
const STREAM = Buffer.from(Uint32Array.from({ length: 2 ** 20 }, (_, i) => Math.imul(i, 2654435761)).buffer);

test(
  '500 random programs over a socket settle every promise, and receive what was sent',
  options,
  async (t) => {
    t.diagnostic(`WINTER_SOCKETS_SEED=${seed}`);
    /** @type {Record<string, number>} */
    const outcomes = {};
    const peers = {};
    for (const [name, serve] of Object.entries(behaviours)) peers[name] = await listenTo(t, serve);
    const property = fc.asyncProperty(anyProgram(), async ({ peer, socketOptions, waitsForOpen, steps }) => {
      const run = new Run(connect(`127.0.0.1:${peers[peer].port}`, socketOptions), outcomes);
      if (waitsForOpen) await run.socket.opened;
      for (const [name, argument] of steps) await run[name](argument);
      await run.end();
      await peers[peer].check(run);
    });
    await fc.assert(property, { seed, numRuns: 500, endOnFailure: true, includeErrorInReport: true });
    t.diagnostic(JSON.stringify(outcomes));
  },
);

/** What a peer does with a connection. */
const behaviours = {
  echo,
  // It ends its side in the middle of what it is sent.
  ends: (socket) => {
    socket.resume();
    socket.end(STREAM.subarray(0, 5000));
  },
  resets: (socket) => socket.once('data', () => socket.resetAndDestroy()),
  'sends much': (socket) => {
    socket.resume();
    socket.write(STREAM.subarray(0, 500_000));
  },
  hesitates: (socket) => {
    socket.pause();
    setTimeout(() => socket.resume(), 20);
  },
};

/** A peer that remembers what it was sent. */
async function listenTo(t, serve) {
  /** By the port of the client. @type {Map<number, { bytes: Buffer[], ended: Promise<unknown> }>} */
  const records = new Map();
  let onAccepted = () => {};
  const accepted = () => new Promise((resolve) => (onAccepted = resolve));
  const { port } = await listen(t, (socket) => {
    /** @type {{ bytes: Buffer[], ended: Promise<unknown>, error?: Error & { syscall?: string } }} */
    const record = { bytes: [], ended: new Promise((resolve) => socket.once('close', resolve)) };
    records.set(socket.remotePort, record);
    onAccepted();
    socket.on('data', (bytes) => record.bytes.push(bytes));
    socket.on('error', (error) => (record.error = error));
    serve(socket);
  });
  return {
    port,
    /** @param {Run} run */
    async check(run) {
      const local = await run.socket.opened.then(
        ({ localAddress }) => localAddress,
        () => undefined,
      );
      // A peer can't tell whose connection it was that was broken off.
      if (local === undefined || run.isBrokenOff) return;
      const ownPort = Number(local.split(':').at(-1));
      while (!records.has(ownPort)) await within(DEADLINE_MS, 'accepting the connection', accepted());
      const record = records.get(ownPort);
      records.clear();
      await within(DEADLINE_MS, 'the connection, for the peer,', record.ended);
      const received = Buffer.concat(record.bytes);
      assert.ok(
        received.equals(STREAM.subarray(0, received.length)),
        'the peer gets a prefix of what was written',
      );
      if (serve === behaviours.resets) return;
      // One that could not answer any more, because the client was gone, has not read on.
      if (serve === echo && record.error?.syscall === 'write') return run.count('peer gave up');
      assert.ok(received.length >= run.written, `the peer got ${received.length} of ${run.written} bytes`);
    },
  };
}

/** A socket, and the promises that it gave. */
class Run {
  /** How many bytes of `STREAM` were offered, taken and received. */
  offered = 0;
  written = 0;
  received = 0;
  /** The writable was aborted: what was taken need not arrive. */
  isBrokenOff = false;
  #promises = [];
  #reader;
  #writer;

  constructor(socket, outcomes) {
    this.socket = socket;
    this.outcomes = outcomes;
    this.#watch('opened', socket.opened);
    this.#watch('closed', socket.closed);
  }

  write(length) {
    const bytes = STREAM.subarray(this.offered, this.offered + length);
    const writer = this.#getWriter();
    if (writer === undefined || bytes.length < length) return;
    this.offered += length;
    this.#watch(
      'write',
      write(writer, Uint8Array.from(bytes)).then(() => (this.written += length)),
    );
  }

  writeAndWait(length) {
    this.write(length);
    return Promise.race([this.#promises.at(-1).promise, new Promise(setImmediate)]);
  }

  closeWriter() {
    this.#watch('writer.close', this.#getWriter()?.close());
  }

  abortWriter() {
    this.isBrokenOff = true;
    this.#watch('writer.abort', this.#getWriter()?.abort(new Error('aborted')));
  }

  releaseWriter() {
    this.#writer?.releaseLock();
    this.#writer = undefined;
  }

  read() {
    this.#watch('read', this.#getReader(undefined)?.read().then(this.#take));
  }

  readInto(length) {
    this.#watch('read into', this.#getReader('byob')?.read(new Uint8Array(length)).then(this.#take));
  }

  cancelReader() {
    this.#watch('reader.cancel', this.#getReader(this.#reader?.mode)?.cancel(new Error('cancelled')));
  }

  async releaseReader() {
    // A turn later, because what the Streams standard has for a reader that is released in the tick of its read into a
    // buffer leaves the next reader without its bytes.
    await new Promise(setImmediate);
    this.#reader?.reader.releaseLock();
    this.#reader = undefined;
  }

  close(reason) {
    this.#watch('close', this.socket.close(reason));
  }

  open() {
    return this.socket.opened.catch(() => {});
  }

  turn() {
    return new Promise(setImmediate);
  }

  tick() {}

  /** Closes the socket, and waits for everything. */
  async end() {
    this.close();
    const open = this.#promises.filter(({ name }) => name !== 'reader.closed');
    for (const each of open) await this.#settled(each);
    // What no reader has taken is still in the stream.
    const { mode, reader } = (this.#reader ??= { mode: undefined, reader: this.socket.readable.getReader() });
    const rest = async () => {
      for (;;) {
        const result = await (mode === 'byob' ? reader.read(new Uint8Array(65_536)) : reader.read());
        if (result.done) return;
        this.#take(result);
      }
    };
    await within(DEADLINE_MS, 'the rest', rest()).catch((error) =>
      assert.ok(error instanceof SocketError, `${error}`),
    );
    for (const each of this.#promises) if (!open.includes(each)) await this.#settled(each);
  }

  async #settled({ name, promise }) {
    this.count(`${name} ${await within(DEADLINE_MS, name, promise)}`);
  }

  /** @param {string} outcome */
  count(outcome) {
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
  }

  #getWriter() {
    if (this.#writer === undefined) {
      this.#writer = this.socket.writable.getWriter();
      this.#watch('writer.closed', this.#writer.closed);
      this.#watch('writer.ready', this.#writer.ready);
    }
    return this.#writer;
  }

  /** A reader of the kind, if there is not one of another kind. */
  #getReader(mode) {
    if (this.#reader === undefined) {
      this.#reader = { mode, reader: this.socket.readable.getReader({ mode }) };
      this.#watch('reader.closed', this.#reader.reader.closed);
    }
    return this.#reader.mode === mode ? this.#reader.reader : undefined;
  }

  #take = ({ value }) => {
    if (value === undefined) return;
    const expected = STREAM.subarray(this.received, this.received + value.length);
    assert.ok(expected.equals(value), `the bytes from ${this.received} on are others`);
    this.received += value.length;
  };

  #watch(name, promise) {
    if (promise === undefined) return;
    const outcome = promise.then(
      () => 'resolved',
      (error) => {
        if (error instanceof assert.AssertionError) throw error;
        return 'rejected';
      },
    );
    // It is looked at in the end.
    outcome.catch(() => {});
    this.#promises.push({ name, promise: outcome });
  }
}

/** Rejects in any case: on Node 20 a write to a stream that is closed throws an internal error. */
async function write(writer, bytes) {
  return writer.write(bytes);
}

function anyProgram() {
  const length = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constantFrom(1000, 16_384, 65_536, 200_000));
  const nothing = fc.constant(undefined);
  const step = fc.oneof(
    { arbitrary: fc.tuple(fc.constantFrom('write', 'writeAndWait'), length), weight: 10 },
    { arbitrary: fc.tuple(fc.constant('read'), nothing), weight: 6 },
    { arbitrary: fc.tuple(fc.constant('readInto'), fc.integer({ min: 1, max: 100_000 })), weight: 6 },
    { arbitrary: fc.tuple(fc.constantFrom('releaseReader', 'releaseWriter'), nothing), weight: 4 },
    { arbitrary: fc.tuple(fc.constantFrom('turn', 'tick', 'open'), nothing), weight: 6 },
    {
      arbitrary: fc.tuple(fc.constantFrom('closeWriter', 'abortWriter', 'cancelReader'), nothing),
      weight: 1,
    },
    {
      arbitrary: fc.tuple(fc.constant('close'), fc.constantFrom(undefined, new Error('closed'), 'text', 0)),
      weight: 1,
    },
  );
  return fc.record({
    peer: fc.oneof(
      { arbitrary: fc.constant('echo'), weight: 6 },
      fc.constantFrom(...Object.keys(behaviours)),
    ),
    socketOptions: fc.record(
      { allowHalfOpen: fc.boolean(), highWaterMark: fc.constantFrom(0, 1, 1000, 100_000) },
      { requiredKeys: [] },
    ),
    waitsForOpen: fc.boolean(),
    steps: fc.array(step, { maxLength: 40 }),
  });
}

function countDescriptors() {
  return needsLinux ? 0 : readdirSync('/proc/self/fd').length;
}

/** Fails if the promise takes longer. */
async function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new assert.AssertionError({ message: `${what} did not settle in ${ms} ms` })),
      ms,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
