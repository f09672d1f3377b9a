// Forks when sockets are open: the new process has none of them, and can use the package itself.

const assert = require('node:assert/strict');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const { readFileSync, readdirSync, readlinkSync } = require('node:fs');
const net = require('node:net');

const { connect } = require('../../../../index.js');
const { roundTrip } = require('./round-trip.cjs');

if (process.argv[2] === undefined) parent();
else child(Number(process.argv[2]));

async function parent() {
  let ended = 0;
  const server = net.createServer((peer) => peer.on('end', () => ended++).pipe(peer));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const sockets = Array.from({ length: 5 }, () => connect(`127.0.0.1:${port}`));
  await Promise.all(sockets.map(({ opened }) => opened));
  const forked = fork(__filename, [`${port}`]);
  const [{ word, inherited }] = await once(forked, 'message');
  // The peers see the end, although the other process lives on.
  const before = ended;
  await Promise.all(sockets.map((socket) => socket.close()));
  while (ended < before + sockets.length) await new Promise(setImmediate);
  assert.equal(forked.exitCode, null);
  forked.disconnect();
  const [code] = await once(forked, 'exit');
  server.close();
  console.log(word, inherited, code);
}

async function child(port) {
  // Stays until it is let go.
  process.on('message', () => {});
  const inherited = sockets();
  const word = await roundTrip(connect, port);
  process.send({ word, inherited });
}

/** Connections over TCP that this process holds; only Linux tells. */
function sockets() {
  if (process.platform !== 'linux') return 0;
  const inodes = readdirSync('/proc/self/fd').flatMap((number) => {
    try {
      return /socket:\[(\d+)\]/.exec(readlinkSync(`/proc/self/fd/${number}`))?.[1] ?? [];
    } catch {
      return [];
    }
  });
  const table = readFileSync('/proc/self/net/tcp', 'utf8').split('\n').slice(1);
  return table.filter((line) => inodes.includes(line.trim().split(/\s+/)[9])).length;
}
