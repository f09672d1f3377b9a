// A name server that knows one answer to every question, or none.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { Worker } from 'node:worker_threads';

/** The types of questions: IPv4 addresses are had, others are not. */
const A = 1;

/** The flags of an answer: all is well, or it is too long for a datagram. */
const ANSWER = 0x8180;
const TRUNCATED = 0x8380;

/** So many addresses fit into a datagram. */
const MOST_IN_DATAGRAM = 25;

/** So many loopback addresses, from 127.0.0.1 on, with the last byte from 1 to 250. */
export const addresses = (count) =>
  Array.from({ length: count }, (_, i) => `127.0.${Math.floor(i / 250)}.${(i % 250) + 1}`);

/**
 * Listens on the port of name servers, which takes a network of one's own.
 *
 * @param {string[]} known
 */
export async function nameServer(known) {
  const udp = createSocket('udp4');
  const tcp = createServer();
  let isHanging = false;
  let wasAsked;
  const asked = new Promise((resolve) => (wasAsked = resolve));
  udp.on('message', (question, from) => {
    wasAsked();
    if (isHanging) return;
    const isLong = known.length > MOST_IN_DATAGRAM;
    udp.send(
      isLong ? reply(question, [], TRUNCATED) : reply(question, known, ANSWER),
      from.port,
      from.address,
    );
  });
  tcp.on('connection', (peer) => {
    let bytes = Buffer.alloc(0);
    peer.on('error', () => {});
    peer.on('data', (data) => {
      bytes = Buffer.concat([bytes, data]);
      while (bytes.length >= 2 && bytes.length >= 2 + bytes.readUInt16BE()) {
        const length = bytes.readUInt16BE();
        const text = reply(bytes.subarray(2, 2 + length), known, ANSWER);
        bytes = bytes.subarray(2 + length);
        const prefix = Buffer.alloc(2);
        prefix.writeUInt16BE(text.length);
        peer.write(Buffer.concat([prefix, text]));
      }
    });
  });
  udp.bind(53, '127.0.0.1');
  tcp.listen(53, '127.0.0.1');
  await Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
  return {
    /** Resolves when there was a question. */
    asked: () => asked,
    hang: () => (isHanging = true),
    answer: () => (isHanging = false),
    close() {
      udp.close();
      tcp.close();
    },
  };
}

/**
 * Makes a port of all addresses one that does not answer: its backlog is full, and nothing is ever accepted.
 *
 * @param {number} port
 */
export async function silence(port) {
  const worker = new Worker(
    `const { parentPort, workerData: port } = require('node:worker_threads');
     require('node:net').createServer().listen({ port, host: '0.0.0.0', backlog: 1 }, () => {
       parentPort.postMessage('listening');
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
     });`,
    { eval: true, execArgv: [], workerData: port },
  );
  await once(worker, 'message');
  // Two are in the backlog, and the third one waits.
  const fillers = [1, 2, 3].map(() => connect(port, '127.0.0.1').on('error', () => {}));
  await Promise.all(fillers.slice(0, 2).map((filler) => once(filler, 'connect')));
}

/**
 * The question again, with the addresses behind it.
 *
 * @param {Buffer} question
 * @param {string[]} known
 * @param {number} flags
 */
function reply(question, known, flags) {
  let end = 12;
  while (question[end] !== 0) end += question[end] + 1;
  end += 5;
  const answers = question.readUInt16BE(end - 4) === A ? known : [];
  const head = Buffer.from(question.subarray(0, end));
  head.writeUInt16BE(flags, 2);
  head.writeUInt16BE(answers.length, 6);
  // Name servers and additional records, of which a resolver may have sent some.
  head.writeUInt32BE(0, 8);
  // The name of the question, type A, class IN, a minute, 4 bytes.
  const record = [0xc0, 12, 0, A, 0, 1, 0, 0, 0, 60, 0, 4];
  return Buffer.concat([
    head,
    ...answers.map((address) => Buffer.from([...record, ...address.split('.').map(Number)])),
  ]);
}
