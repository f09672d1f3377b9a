// What the tests of PostgreSQL's drivers have in common.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

/** Everybody gets in with and without TLS, one of them with a password. */
export const ACCESS = `
host all guarded 127.0.0.1/32 scram-sha-256
host all all     127.0.0.1/32 trust
`;

/** Rows as COPY has them, of up to 146 characters. */
export const lines = (count) =>
  Array.from({ length: count }, (_, i) => `${i}\t${'winter '.repeat(i % 20)}\n`);

/** The same, in pieces of 100 lines. */
export function* inChunks(lines) {
  for (let i = 0; i < lines.length; i += 100) yield lines.slice(i, i + 100).join('');
}

export const md5 = (text) => createHash('md5').update(text).digest('hex');

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** PostgreSQL shuts down, has crashed, starts; nobody listens; connections break. */
const OF_RESTART = ['57P01', '57P02', '57P03', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'];

/** Whether a client can see an error when the server restarts. */
export const isOfRestart = ({ code }) => OF_RESTART.includes(code);

/**
 * Keeps a pool of 20 connections busy while the server restarts. Queries may fail, with nothing but what a restart
 * explains; all loops have to recover.
 *
 * @param {(i: number) => Promise<unknown>} ask A query for a number, and that number.
 * @param {() => Promise<void>} restart
 * @param {(error: any) => boolean} isDisconnection Whether it is the driver's own error for a connection that ended.
 */
export async function restartUnderLoad(ask, restart, isDisconnection) {
  const numbers = Array.from({ length: 20 }, (_, i) => i);
  // Now all connections are open.
  assert.deepEqual(await Promise.all(numbers.map(ask)), numbers);
  let isOver = false;
  let unexpected;
  const loops = numbers.map(async (i) => {
    for (let recovered = 0; recovered < 20 && unexpected === undefined;) {
      try {
        assert.equal(await ask(i), i);
        if (isOver) recovered++;
      } catch (error) {
        if (!isOfRestart(error) && !isDisconnection(error)) unexpected = error;
      }
    }
  });
  await restart();
  isOver = true;
  await Promise.all(loops);
  if (unexpected !== undefined) throw unexpected;
}
