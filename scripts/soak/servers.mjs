// The other end of the soak, in a process of its own. A client says in its first line what it wants:
//
//   echo           everything back
//   end BYTES      so many bytes, and the end
//   reset BYTES    so many bytes, and a reset
//   trickle        a few bytes every now and then, until the client goes
//   sip            nothing, and it reads slowly
//
// In front of the line may stand `STARTTLS`, which is answered with `go`, and TLS.

import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

import { fixture } from './fixture.mjs';

/**
 * The first of the addresses in use; a client has 28,000 ports for each of them, and a port is blocked for a minute.
 *
 * @typedef {{ hosts: string[], plain: number, secure: number, upgradable: number, refused: number }} Ports
 */

// Only Linux has the other addresses without being asked.
const hosts =
  process.platform === 'linux' ? ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'] : ['127.0.0.1'];
const piece = Buffer.alloc(65536, 'winter');

const credentials = { cert: fixture('p256.pem'), key: fixture('p256.key') };
const secureContext = tls.createSecureContext(credentials);

/** The connection below each of those with TLS. @type {WeakMap<net.Socket, net.Socket>} */
const below = new WeakMap();

const plain = await listenOn(() => net.createServer(serve));
const secure = await listenOn(() => net.createServer(secureAtOnce));
const upgradable = await listenOn(() => net.createServer(upgrade));
const refused = await unused();
process.once('disconnect', () => process.exit());
process.send?.({ hosts, plain, secure, upgradable, refused });

/** @param {net.Socket} socket */
function serve(socket) {
  socket.setNoDelay(true);
  // Clients that reset the connection are part of it.
  socket.on('error', () => {});
  socket.once('data', (/** @type {Buffer} */ first) => {
    const text = `${first}`;
    const [word = '', count = ''] = text.slice(0, text.indexOf('\n')).split(' ');
    const rest = first.subarray(text.indexOf('\n') + 1);
    if (word === 'echo') echo(socket, rest);
    else if (word === 'end') send(socket, Number(count), () => socket.end());
    else if (word === 'reset') send(socket, Number(count), () => reset(socket));
    else if (word === 'trickle') trickle(socket);
    else sip(socket);
  });
}

/** @param {net.Socket} socket */
function upgrade(socket) {
  socket.on('error', () => {});
  socket.once('data', () => {
    socket.write('go\n');
    secureAtOnce(socket);
  });
}

/** @param {net.Socket} socket */
function secureAtOnce(socket) {
  socket.on('error', () => {});
  const secured = new tls.TLSSocket(socket, { isServer: true, secureContext });
  below.set(secured, socket);
  serve(secured);
}

/**
 * @param {net.Socket} socket
 * @param {Buffer} rest
 */
function echo(socket, rest) {
  socket.write(rest);
  socket.pipe(socket);
}

/**
 * @param {net.Socket} socket
 * @param {number} count
 * @param {() => void} then
 */
function send(socket, count, then) {
  if (socket.destroyed) return;
  if (count <= 0) return void then();
  const next = () => send(socket, count - piece.length, then);
  if (socket.write(piece.subarray(0, count))) setImmediate(next);
  else socket.once('drain', next);
}

/**
 * Under TLS it is the connection below that is reset.
 *
 * @param {net.Socket} socket
 */
function reset(socket) {
  (below.get(socket) ?? socket).resetAndDestroy();
}

/** @param {net.Socket} socket */
function trickle(socket) {
  socket.resume();
  const timer = setInterval(() => socket.write(piece.subarray(0, 100)), 250);
  socket.once('close', () => clearInterval(timer));
}

/** @param {net.Socket} socket */
function sip(socket) {
  socket.on('data', () => {
    socket.pause();
    setTimeout(() => socket.resume(), 100);
  });
}

/** @param {() => net.Server} create */
async function listenOn(create) {
  let port = 0;
  for (const host of hosts) {
    const server = create().listen({ host, port, backlog: 4096 });
    await once(server, 'listening');
    ({ port } = /** @type {net.AddressInfo} */ (server.address()));
  }
  return port;
}

async function unused() {
  const server = net.createServer().listen(0, hosts[0]);
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  server.close();
  return port;
}
