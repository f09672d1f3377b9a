// Two copies of the package at the same time, in one thread and in a worker: `copies.cjs FOLDER`.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

const { converse, echoServer } = require('./round-trip.cjs');

const [folder, port] = isMainThread ? process.argv.slice(2) : workerData;

async function useBoth(port) {
  const [one, two] = [require('../../../../index.js'), require(folder)];
  assert.notEqual(one.Socket, two.Socket);
  // By turns, so that the connections of both are in the same places of their tables.
  const sockets = Array.from({ length: 40 }, (_, i) => (i % 2 ? one : two).connect(`127.0.0.1:${port}`));
  assert.deepEqual(new Set(await Promise.all(sockets.map(converse))), new Set(['works']));
  assert.ok(sockets[0] instanceof two.Socket && !(sockets[0] instanceof one.Socket));
}

(async () => {
  if (!isMainThread) return parentPort.postMessage(await useBoth(port).then(() => 'works'));
  const server = await echoServer();
  const worker = new Worker(__filename, { workerData: [folder, server.address().port] });
  const [[message]] = await Promise.all([once(worker, 'message'), useBoth(server.address().port)]);
  server.close();
  console.log(message);
})();
