/** The second argument of `connect()`. */
import { readText } from '../harness.js';

/** @typedef {import('../harness.js').Scenario} Scenario */

/**
 * @param {string} name
 * @param {any} options
 * @returns {Scenario}
 */
const accepted = (name, options) => ({
  name,
  peer: 'greets and waits',
  async run({ connect, address, attempt }) {
    /** @type {any} */ let socket;
    const outcome = attempt(() => (socket = connect(address, options)));
    if (!socket) return { attempt: outcome };
    const read = await readText(socket.readable.getReader(), 5);
    return { attempt: outcome, read, secureTransport: socket.secureTransport };
  },
});

/**
 * @param {string} name
 * @param {any} options
 * @returns {Scenario}
 */
const refused = (name, options) => ({
  name,
  async run({ connect, address, attempt }) {
    return { attempt: attempt(() => connect(address, options)) };
  },
});

/**
 * @param {string} name
 * @param {any} options
 * @returns {Scenario}
 */
const desiredSize = (name, options) => ({
  name,
  async run({ connect, address, attempt }) {
    /** @type {any} */ let socket;
    const outcome = attempt(() => (socket = connect(address, options)));
    if (!socket) return { attempt: outcome };
    const writer = socket.writable.getWriter();
    const before = writer.desiredSize;
    const write = writer.write(new Uint8Array(10));
    const during = writer.desiredSize;
    await write;
    return { attempt: outcome, before, during, after: writer.desiredSize };
  },
});

/** @type {Scenario[]} */
export const options = [
  accepted('options may be undefined', undefined),
  accepted('options may be null', null),
  accepted('options may be empty', {}),
  accepted('unknown options are ignored', { timeout: 1, tls: true, keepAlive: 'yes' }),
  accepted('options of undefined are the defaults', { secureTransport: undefined, allowHalfOpen: undefined }),
  accepted('secureTransport "off" is plain text', { secureTransport: 'off' }),
  accepted('secureTransport "starttls" begins in plain text', { secureTransport: 'starttls' }),
  accepted('secureTransport is converted with toString', { secureTransport: { toString: () => 'off' } }),
  refused('an unknown secureTransport throws', { secureTransport: 'tls' }),
  refused('secureTransport is case-sensitive', { secureTransport: 'OFF' }),
  refused('an empty secureTransport throws', { secureTransport: '' }),
  refused('a null secureTransport throws', { secureTransport: null }),
  refused('a secureTransport of true throws', { secureTransport: true }),
  refused('options that are a string throw', 'starttls'),
  refused('options that are a number throw', 1),
  refused('options that are true throw', true),
  accepted('options may be a function', () => {}),
  refused('sni throws without TLS', { sni: 'localhost' }),
  refused('alpn throws without TLS', { alpn: ['h2'] }),
  refused('an empty alpn list is accepted without TLS', { alpn: [] }),
  {
    name: 'what an accessor of the options throws comes out of connect() as a SocketError',
    async run({ connect, address, attempt }) {
      const getter = {
        get allowHalfOpen() {
          throw new RangeError('mine');
        },
      };
      return { attempt: attempt(() => connect(address, getter)) };
    },
  },
  {
    name: 'the address is judged before the options are read',
    async run({ connect, attempt }) {
      const seen = /** @type {string[]} */ ([]);
      const address = {
        get hostname() {
          seen.push('hostname');
          return '';
        },
        get port() {
          seen.push('port');
          return 1;
        },
      };
      const options = {
        get allowHalfOpen() {
          seen.push('allowHalfOpen');
          return false;
        },
        get secureTransport() {
          seen.push('secureTransport');
          return 'bogus';
        },
      };
      return { attempt: attempt(() => connect(address, options)), seen };
    },
  },
  ...[true, 'yes', 1, {}, 'false'].map((allowHalfOpen) => halfOpenOption(allowHalfOpen, true)),
  ...[false, 0, '', null].map((allowHalfOpen) => halfOpenOption(allowHalfOpen, false)),
  desiredSize('desiredSize starts at 1 without a highWaterMark', {}),
  desiredSize('desiredSize counts bytes against a highWaterMark', { highWaterMark: 64 }),
  desiredSize('desiredSize goes below zero when a write is larger than the highWaterMark', {
    highWaterMark: 4,
  }),
  desiredSize('a highWaterMark of 0 is allowed', { highWaterMark: 0 }),
  desiredSize('an undefined highWaterMark is the default', { highWaterMark: undefined }),
  desiredSize('a numeric string is a highWaterMark', { highWaterMark: '64' }),
  desiredSize('a fractional highWaterMark is truncated', { highWaterMark: 64.9 }),
  refused('a negative highWaterMark throws', { highWaterMark: -1 }),
  refused('a highWaterMark that is no number throws', { highWaterMark: 'much' }),
  refused('a highWaterMark of NaN throws', { highWaterMark: NaN }),
  refused('a highWaterMark of Infinity throws', { highWaterMark: Infinity }),
];

/**
 * @param {any} value
 * @param {boolean} meaning
 * @returns {Scenario}
 */
function halfOpenOption(value, meaning) {
  return {
    name: `allowHalfOpen ${JSON.stringify(value)} means ${meaning}`,
    peer: 'greets and ends',
    async run({ connect, address, peer, fate, pending }) {
      const socket = connect(address, { allowHalfOpen: value });
      const read = await readText(socket.readable.getReader());
      if (meaning)
        return { read, closedPending: await pending(socket.closed), peer: (await peer.state()).end };
      return { read, closed: await fate(socket.closed), peer: (await peer.ended()).end };
    },
  };
}
