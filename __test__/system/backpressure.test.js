import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { listen } from './helpers/peers.js';
import { start } from './helpers/program.js';

const MIB = 2 ** 20;

/** A transfer that has stood still for so long is taken to be stalled. */
const STALL_MS = 1000;

/** What the memory of a process varies by without any reason that we know of. */
const SLACK = 16 * MIB;

const options = { timeout: 120_000 };

for (const [words, pieceSize, highWaterMark] of [
  ['in 64 KiB pieces', 65536, undefined],
  ['in 1000-byte pieces', 1000, undefined],
  ['in 1 MiB pieces', MIB, undefined],
  ['with a high-water mark of 4 MiB', 65536, 4 * MIB],
]) {
  test(`a client that writes ${words} stalls when its peer does not read`, options, async (t) => {
    const hash = createHash('sha256');
    let received = 0;
    const peer = await listen(
      t,
      (socket) => {
        socket.on('data', (bytes) => {
          hash.update(bytes);
          received += bytes.length;
        });
        socket.pause();
      },
      { pauseOnConnect: true },
    );
    const data = { port: peer.port, pieceSize, highWaterMark, total: 64 * MIB, stallMs: STALL_MS };
    const program = start(t, 'writes-to-silence', data);
    const stalled = await program.message();
    t.diagnostic(
      `stalled after ${inMiB(stalled.offered)}, of which ${inMiB(stalled.taken)} were taken; memory grew by ${inMiB(stalled.growth)}`,
    );
    const unsent = stalled.offered - stalled.taken;
    assert.ok(stalled.taken < kernelRoom(), 'no more is taken than what the kernel has room for');
    assert.ok(
      unsent <= (highWaterMark ?? 0) + pieceSize,
      'no more is offered than what the stream has room for',
    );
    assert.ok(stalled.growth < unsent + SLACK, 'the memory of the process is bounded');

    for (const socket of peer.open) socket.resume();
    const all = await program.message();
    await program.result();
    await peer.allEnded();
    assert.equal(received, all.offered);
    assert.equal(hash.digest('hex'), all.hash);
  });
}

for (const chunks of [0, 10]) {
  test(`a peer stalls when its client reads ${chunks} chunks and then nothing`, options, async (t) => {
    const piece = Buffer.alloc(65536);
    const hash = createHash('sha256');
    let sent = 0;
    let onSent = () => {};
    let isOver = false;
    const peer = await listen(t, (socket) => {
      socket.resume();
      const send = () => {
        if (isOver) return socket.end();
        piece.fill(sent / piece.length);
        hash.update(piece);
        // Called when the kernel has taken it.
        socket.write(Buffer.from(piece), () => {
          sent += piece.length;
          onSent();
          setImmediate(send);
        });
      };
      send();
    });

    const program = start(t, 'reads-nothing', { port: peer.port, chunks });
    const { received } = await program.message();
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, STALL_MS);
      onSent = () => timer.refresh();
    });
    const stalled = sent;
    program.child.send('go on');
    const { growth } = await program.message();
    t.diagnostic(
      `the peer stalled after ${inMiB(stalled)}, the client read ${inMiB(received)}, its memory grew by ${inMiB(growth)}`,
    );
    assert.ok(stalled - received < kernelRoom(), 'no more is sent than what the kernel has room for');
    assert.ok(growth < SLACK, 'the memory of the process is bounded');

    await new Promise((resolve) => (onSent = () => sent >= 128 * MIB && resolve()));
    isOver = true;
    const all = await program.result();
    assert.equal(all.received, sent);
    assert.equal(all.hash, hash.digest('hex'));
  });
}

/** The most bytes that the kernel keeps for a connection whose reader has stopped, and some to spare. */
function kernelRoom() {
  return limitOf('tcp_wmem') + limitOf('tcp_rmem') + 4 * MIB;
}

function limitOf(name) {
  try {
    return Number(readFileSync(`/proc/sys/net/ipv4/${name}`, 'utf8').trim().split(/\s+/).at(-1));
  } catch {
    return 8 * MIB;
  }
}

function inMiB(bytes) {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
