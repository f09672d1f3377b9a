/**
 * What a scenario is given. This module runs inside both runtimes, so it uses nothing but web APIs.
 */

/**
 * An error as a runtime showed it. Messages are recorded for reading and are never compared.
 *
 * @typedef {{ name: string, message: string, code?: string, typeError: boolean }} SeenError
 */

/**
 * @typedef {object} Tools
 * @property {(address: any, options?: any) => any} connect
 * @property {PeerClient} peer
 * @property {string} address `hostname:port` of the peer.
 * @property {string} hostname
 * @property {number} port
 * @property {(promise: Promise<any>) => Promise<any>} fate How a promise ends; `'hangs'` after the deadline.
 * @property {(...promises: Promise<any>[]) => Promise<any>} pending Whether promises are still pending when everything that
 *   was under way has arrived.
 * @property {() => Promise<void>} quiesce Lets everything that is under way arrive.
 * @property {(action: () => any) => string} attempt What a synchronous call throws.
 * @property {(error: any) => any} kind
 * @property {(error: any) => Record<string, any>} shape
 * @property {() => string[]} unhandled Messages of the unhandled rejections seen since the scenario began.
 */

/**
 * @typedef {object} Scenario
 * @property {string} name A sentence of behaviour.
 * @property {string | undefined} [peer] The name of a script in `scripts.js`; `'recorder'` by default.
 * @property {boolean} [hangsInWorkerd] Something that this scenario waits for never settles in workerd.
 * @property {boolean} [onLinux] What happens is the kernel's doing, and other kernels do it differently.
 * @property {boolean} [alone] Runs while no other scenario does, because it looks at something of the whole runtime.
 * @property {(tools: Tools) => Promise<any>} run Resolves with what is compared, as plain JSON.
 */

/** Only hang detection: what settles is waited for, and what stays pending in both runtimes is looked at by `pending`. */
const HANG_MS = 10_000;

/** The same, where workerd is known to leave something pending that settles here. */
const KNOWN_HANG_MS = 1500;

/** The scenario's end of the control channel of its peer. */
export class PeerClient {
  #control;

  constructor(/** @type {string} */ control) {
    this.#control = control;
  }

  /** Resolves when the peer has accepted the connection. */
  accepted = () => this.#command('accepted');
  /** Resolves when the kernel has taken the text. */
  send = (/** @type {string} */ text) => this.#command('send', text);
  /** Has the peer send bytes in the repeating pattern 0…250. */
  sendBytes = (/** @type {number} */ count) => this.#command('send bytes', count);
  /** Resolves when the peer has sent its FIN. */
  end = () => this.#command('end');
  /** Has the peer send a FIN without the close_notify of TLS. */
  cut = () => this.#command('cut');
  /** Resolves with what the peer knows about the handshake when it is done, or `'not secured'`. */
  secured = () => this.#command('secured');
  /** Resolves when the peer has sent a RST. */
  reset = () => this.#command('reset');
  /** Has a peer that did not read begin to. */
  resume = () => this.#command('resume');
  /** Resolves when the peer has received that many bytes, or the connection has ended. */
  received = (/** @type {number} */ count) => this.#command('received', count);
  /** Resolves with what was received and how the client ended its side: `fin` or `reset`. */
  ended = () => this.#command('ended');
  /** Resolves with whether the client's kernel answers a write with RST: its descriptor is released. */
  refused = () => this.#command('refused');
  /** What the peer has seen up to now. */
  state = () => this.#command('state');
  ping = () => this.#command('ping');

  /**
   * @param {string} command
   * @param {any} [argument]
   */
  async #command(command, argument) {
    const body = JSON.stringify({ command, argument });
    const answer = fetch(this.#control, { method: 'POST', body }).then(async (response) => {
      const text = await response.text();
      if (!response.ok) throw new Error(`peer command "${command}" failed: ${text}`);
      return JSON.parse(text);
    });
    return Promise.race([answer, deadline(`the peer's answer to "${command}" never came`)]);
  }
}

/** @type {{ reason: any }[]} */
const rejections = [];

/** The entries call this from the runtime's own event. */
export function noteUnhandled(/** @type {any} */ reason) {
  rejections.push({ reason });
}

export const unhandledMessages = (from = 0) =>
  rejections.slice(from).map(({ reason }) => String(reason?.message ?? reason));

/**
 * Runs a scenario and returns its outcome with every error that it looked at.
 *
 * @param {Scenario} scenario
 * @param {(...args: any[]) => any} connect
 * @param {{ control: string, hostname: string, port: number }} where
 * @param {{ isWorkerd: boolean }} runtime
 */
export async function runScenario(scenario, connect, where, { isWorkerd }) {
  /** @type {any[]} */ const sockets = [];
  /** @type {SeenError[]} */ const errors = [];
  const peer = new PeerClient(where.control);
  const patience = isWorkerd && scenario.hangsInWorkerd ? KNOWN_HANG_MS : HANG_MS;
  const tools = createTools({ errors, peer, patience });
  const rejectionsBefore = rejections.length;
  /** @type {any} */ let outcome;
  try {
    const run = scenario.run({
      ...tools,
      peer,
      hostname: where.hostname,
      port: where.port,
      address: where.hostname.includes(':')
        ? `[${where.hostname}]:${where.port}`
        : `${where.hostname}:${where.port}`,
      connect: (...args) => {
        const socket = connect(...args);
        sockets.push(socket);
        return socket;
      },
      unhandled: () => unhandledMessages(rejectionsBefore),
    });
    // A copy, because the sockets that are closed below may still add to it.
    outcome = copy(await Promise.race([run, deadline('the scenario hangs', 3 * HANG_MS)]), where.port);
  } catch (error) {
    outcome = { 'the scenario itself failed': String(error) };
    errors.push(see(error));
  }
  // Nothing may outlive its scenario; how this close ends is of no interest.
  for (const socket of sockets) {
    try {
      Promise.resolve(socket.close()).catch(() => {});
    } catch {}
  }
  return { outcome, errors };
}

/**
 * An outcome as it is compared: the port, which differs from run to run, is replaced by a word where it stands in an address.
 *
 * @param {any} outcome
 * @param {number} port
 */
function copy(outcome, port) {
  const json = JSON.stringify(outcome).replace(new RegExp(`([\\w\\]]:0*)${port}(?!\\d)`, 'g'), '$1PORT');
  return JSON.parse(json);
}

/** @param {{ errors: SeenError[], peer: PeerClient, patience: number }} context */
function createTools({ errors, peer, patience }) {
  const note = (/** @type {any} */ error) => {
    if (error instanceof Error) errors.push(see(error));
    return error;
  };
  const kind = (/** @type {any} */ error) => (note(error) instanceof Error ? 'an error' : show(error));
  const shape = (/** @type {any} */ error) => {
    note(error);
    return {
      error: error instanceof Error,
      typeError: error instanceof TypeError,
      name: error?.name,
      startsWithSocketError: String(error?.message).startsWith('SocketError: '),
      hasCode: typeof error?.code === 'string',
    };
  };
  const fate = (/** @type {Promise<any>} */ promise) =>
    Promise.race([
      Promise.resolve(promise).then(
        (value) => ({ resolved: show(value) }),
        (error) => ({ rejected: kind(error) }),
      ),
      new Promise((resolve) => setTimeout(resolve, patience, 'hangs')),
    ]);
  // Two round trips with the process that runs the peers, and a few turns of the event loop after each.
  const quiesce = async () => {
    for (let round = 0; round < 2; round += 1) {
      await peer.ping();
      for (let turn = 0; turn < 3; turn += 1) await macrotask();
    }
  };
  const pending = async (/** @type {Promise<any>[]} */ ...promises) => {
    const settled = promises.map(() => false);
    promises.forEach((promise, index) => {
      const done = () => (settled[index] = true);
      promise.then(done, done);
    });
    await quiesce();
    const answers = settled.map((isSettled) => !isSettled);
    return promises.length === 1 ? answers[0] : answers;
  };
  const attempt = (/** @type {() => any} */ action) => {
    try {
      action();
      return 'does not throw';
    } catch (error) {
      note(error);
      if (error instanceof TypeError) return 'throws a TypeError';
      return error instanceof Error ? `throws a ${error.name}` : `throws ${JSON.stringify(show(error))}`;
    }
  };
  return { fate, kind, shape, pending, quiesce, attempt };
}

/** @param {any} error */
const see = (error) => ({
  name: String(error?.name),
  message: String(error?.message ?? error),
  code: error?.code,
  typeError: error instanceof TypeError,
});

/**
 * A value as JSON that tells apart what a comparison must: bytes, `undefined`, and the results of reads.
 *
 * @returns {any}
 */
export function show(/** @type {any} */ value) {
  if (value === undefined) return 'undefined';
  if (value instanceof Error) return 'an error';
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return value.byteLength > 200 ? `${value.byteLength} bytes` : `bytes: ${latin1(bytes)}`;
  }
  if (value && typeof value === 'object' && 'done' in value)
    return { done: value.done, value: show(value.value) };
  return value;
}

export const macrotask = () => new Promise((resolve) => setTimeout(resolve, 0));

export const utf8 = (/** @type {string} */ text) => new TextEncoder().encode(text);

/** The reason of a promise that must reject. */
export const caught = (/** @type {Promise<any>} */ promise) =>
  promise.then(
    () => 'resolved',
    (error) => error,
  );

export const latin1 = (/** @type {Uint8Array} */ bytes) =>
  Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

/** Reads until `count` bytes or the end have come, and returns them as text. */
export async function readText(/** @type {ReadableStreamDefaultReader} */ reader, count = Infinity) {
  let text = '';
  while (text.length < count) {
    const { value, done } = await withDeadline(reader.read());
    if (done) break;
    text += latin1(value);
  }
  return text;
}

/** Reads to the end and returns how many bytes came and whether they follow the pattern 0…250. */
export async function readPattern(/** @type {ReadableStreamDefaultReader} */ reader) {
  let bytes = 0;
  let intact = true;
  for (;;) {
    const { value, done } = await withDeadline(reader.read());
    if (done) return { bytes, intact };
    for (const byte of value) intact = byte === bytes++ % 251 && intact;
  }
}

/** The bytes 0, 1, …, 250, 0, … : a period that is no power of two shows misplaced segments. */
export function pattern(/** @type {number} */ length) {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index += 1) bytes[index] = index % 251;
  return bytes;
}

export const withDeadline = (/** @type {Promise<any>} */ promise) =>
  Promise.race([promise, deadline('a promise that should settle is still pending')]);

const deadline = (/** @type {string} */ what, ms = HANG_MS) =>
  new Promise((_, reject) => setTimeout(() => reject(new Error(what)), ms));
