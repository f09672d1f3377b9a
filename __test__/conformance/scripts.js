/** What the other ends of the scenarios are like. */

/**
 * What a peer does of its own accord; everything else it does on command.
 *
 * @typedef {object} Script
 * @property {string} [host] The loopback address to listen on.
 * @property {string} [greeting] Sent to every connection.
 * @property {boolean} [echo] Sends back what it receives, and a FIN for a FIN.
 * @property {boolean} [finAtOnce] Ends its side (after the greeting) as soon as it has accepted.
 * @property {boolean} [finOnFin] Ends its side when the client ends its own.
 * @property {boolean} [resetOnData] Resets the connection when the first byte arrives.
 * @property {boolean} [paused] Does not read until it is told to.
 * @property {boolean} [refuses] Nothing listens on the port.
 * @property {boolean} [neverAccepts] Listens with a full backlog, so that a connection attempt stays pending.
 * @property {string} [secure] Speaks TLS, with this certificate of `../fixtures/tls`; all of the above happens after the
 *   handshake.
 * @property {string} [upgrades] Goes over to TLS, with this certificate, behind a first line of plain text.
 * @property {string[]} [alpn] The protocols that it knows, with TLS.
 */

/** @type {Record<string, Script>} */
export const scripts = {
  recorder: {},
  polite: { finOnFin: true },
  echo: { echo: true },
  'greets and waits': { greeting: 'hello' },
  'greets on ::1': { greeting: 'hello', host: '::1' },
  'greets and ends': { greeting: 'hello', finAtOnce: true },
  'ends at once': { finAtOnce: true },
  'resets on the first byte': { resetOnData: true },
  'never reads': { paused: true },
  refuses: { refuses: true },
  'never accepts': { neverAccepts: true },
  'TLS recorder': { secure: 'p256' },
  'TLS polite': { secure: 'p256', finOnFin: true },
  'TLS echo': { secure: 'p256', echo: true },
  'TLS greets and waits': { secure: 'p256', greeting: 'hello' },
  'TLS greets and ends': { secure: 'p256', greeting: 'hello', finAtOnce: true },
  'TLS never reads': { secure: 'p256', paused: true },
  'TLS with h2': { secure: 'p256', alpn: ['h2'] },
  'TLS with a chain': { secure: 'chain' },
  'TLS without its intermediate': { secure: 'chained' },
  'TLS self-signed': { secure: 'self-signed' },
  'TLS expired': { secure: 'expired' },
  'TLS for another name': { secure: 'wrong-host' },
  'TLS for an address': { secure: 'ip-only' },
  STARTTLS: { upgrades: 'p256' },
  'STARTTLS echo': { upgrades: 'p256', echo: true },
  'STARTTLS greets': { upgrades: 'p256', greeting: 'hello' },
  'STARTTLS self-signed': { upgrades: 'self-signed' },
  'STARTTLS for another name': { upgrades: 'wrong-host' },
};
