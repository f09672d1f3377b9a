// Workers of a cluster that connect to a server that they share, while some of them are killed.

const assert = require('node:assert/strict');
const cluster = require('node:cluster');
const { once } = require('node:events');
const net = require('node:net');

const { connect } = require('../../../../index.js');
const { roundTrip } = require('./round-trip.cjs');

const WORKERS = 4;

if (cluster.isPrimary) primary();
else member();

async function primary() {
  const members = Array.from({ length: WORKERS }, () => cluster.fork());
  const ports = await Promise.all(members.map(async (each) => (await once(each, 'message'))[0]));
  assert.equal(new Set(ports).size, 1);
  members[0].process.kill('SIGKILL');
  await once(members[0], 'exit');
  for (const each of members.slice(1)) each.send('go');
  const words = await Promise.all(members.slice(1).map(async (each) => (await once(each, 'message'))[0]));
  const codes = members.slice(1).map(async (each) => {
    each.disconnect();
    return (await once(each, 'exit'))[0];
  });
  console.log(...words, ...(await Promise.all(codes)));
}

async function member() {
  const server = net.createServer((peer) => peer.pipe(peer)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  // One that is open when the others start, or when this one is killed.
  const idle = connect(`127.0.0.1:${port}`);
  await idle.opened;
  process.send(port);
  await once(process, 'message');
  const words = await Promise.all(Array.from({ length: 10 }, () => roundTrip(connect, port)));
  await idle.close();
  process.send(words.every((word) => word === 'works') ? 'works' : words.join());
}
