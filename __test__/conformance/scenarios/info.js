/** What `opened` resolves with. */

/** @typedef {import('../harness.js').Scenario} Scenario */

/**
 * @param {string} name
 * @param {(tools: import('../harness.js').Tools) => any} address
 * @param {string} [peer]
 * @returns {Scenario}
 */
const remoteAddress = (name, address, peer) => ({
  name,
  peer,
  async run(tools) {
    const info = await tools.connect(address(tools)).opened;
    return { remoteAddress: info.remoteAddress };
  },
});

/** @type {Scenario[]} */
export const info = [
  remoteAddress('remoteAddress is the string that was asked for', ({ address }) => address),
  remoteAddress('remoteAddress joins hostname and port', ({ hostname, port }) => ({ hostname, port })),
  remoteAddress('remoteAddress joins hostname and a port that was a string', ({ hostname, port }) => ({
    hostname,
    port: String(port),
  })),
  remoteAddress('remoteAddress keeps a name', ({ port }) => `localhost:${port}`),
  remoteAddress('remoteAddress keeps the name of an object', ({ port }) => ({ hostname: 'localhost', port })),
  remoteAddress('remoteAddress keeps capitals', ({ port }) => `LocalHost:${port}`),
  remoteAddress(
    'remoteAddress keeps the brackets of an IPv6 literal',
    ({ port }) => `[::1]:${port}`,
    'greets on ::1',
  ),
  remoteAddress(
    'remoteAddress keeps the brackets of an IPv6 hostname',
    ({ port }) => ({ hostname: '[::1]', port }),
    'greets on ::1',
  ),
  remoteAddress(
    'remoteAddress keeps the spelling of an IPv6 literal',
    ({ port }) => `[0:0:0:0:0:0:0:1]:${port}`,
    'greets on ::1',
  ),
  remoteAddress(
    'remoteAddress keeps leading zeros of the port',
    ({ hostname, port }) => `${hostname}:00${port}`,
  ),
  {
    name: 'info is a plain object',
    async run({ connect, address }) {
      const info = await connect(address).opened;
      return { plain: Object.getPrototypeOf(info) === Object.prototype, json: typeof JSON.stringify(info) };
    },
  },
  {
    name: 'info is the same object each time',
    async run({ connect, address }) {
      const socket = connect(address);
      return { same: (await socket.opened) === (await socket.opened) };
    },
  },
  {
    name: 'localAddress is the address that the peer sees',
    async run({ connect, address, peer }) {
      const { localAddress } = await connect(address).opened;
      const seen = await peer.accepted();
      return {
        localAddress: localAddress === seen.remoteAddress ? 'as the peer sees it' : String(localAddress),
      };
    },
  },
  {
    name: 'alpn is null without TLS',
    async run({ connect, address }) {
      const { alpn } = await connect(address).opened;
      return { alpn: alpn === undefined ? 'missing' : alpn };
    },
  },
  {
    name: 'info has the members of the spec and says which address answered',
    async run({ connect, port }) {
      const info = await connect(`localhost:${port}`).opened;
      const resolved =
        info.resolvedAddress === `127.0.0.1:${port}` ? 'the address that answered' : info.resolvedAddress;
      return { members: Object.keys(info).sort(), resolvedAddress: resolved ?? 'missing' };
    },
  },
];
