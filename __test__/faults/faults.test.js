/**
 * The scenarios of the conformance suite behind a proxy that does to their connections what networks and peers do. A sample of
 * the matrix of scenarios and fault scripts runs by default; WINTER_SOCKETS_LONG=1 runs all of it, WINTER_SOCKETS_SEED=… the sample
 * of that seed, and WINTER_SOCKETS_FAULT=… what has that in its name, "scenario × fault".
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scenarios } from '../conformance/scenarios/index.js';
import { faultAt, faults } from './scripts.js';
import { play } from './world.js';

/** @typedef {import('./world.js').Run} Run */

const seed = Number(process.env.WINTER_SOCKETS_SEED ?? 20);
const isLong = process.env.WINTER_SOCKETS_LONG === '1';
const wanted = process.env.WINTER_SOCKETS_FAULT;

/** Of each matrix, by default. */
const SAMPLE = 150;

/** So many runs share a process. */
const BATCH = 800;

/** Behind the last byte of a handshake, seen from either end. */
const HANDSHAKE = { toClient: 2200, toPeer: 700 };

/** @type {Run[]} */
const matrix = scenarios.flatMap(({ name }) => faults.map((fault) => ({ scenario: name, fault })));

/** @type {Run[]} */
const everyByte = /** @type {const} */ (['split', 'reset', 'fin', 'vanish']).flatMap((name) =>
  /** @type {const} */ (['toClient', 'toPeer']).flatMap((direction) =>
    Array.from({ length: HANDSHAKE[direction] }, (_, offset) => ({
      scenario: 'TLS carries bytes there and back',
      fault: faultAt(name, direction, offset),
    })),
  ),
);

test(`${scenarios.length} scenarios keep their promises under ${faults.length} fault scripts`, async (t) => {
  assert.ok(faults.length >= 20);
  await playAll(t, matrix);
});

test('TLS keeps its promises when a fault comes at any byte of it', async (t) => {
  await playAll(t, everyByte);
});

/**
 * @param {import('node:test').TestContext} t
 * @param {Run[]} all
 */
async function playAll(t, all) {
  const shuffled = shuffle(all, seed);
  const named = (/** @type {Run} */ { scenario, fault }) =>
    `${scenario} × ${fault.name}`.includes(wanted ?? '');
  const runs = wanted === undefined ? shuffled.slice(0, isLong ? Infinity : SAMPLE) : all.filter(named);
  /** @type {string[]} */ const problems = [];
  let compared = 0;
  for (let from = 0; from < runs.length; from += BATCH) {
    const result = await play(runs.slice(from, from + BATCH));
    problems.push(...result.problems);
    compared += result.compared;
  }
  t.diagnostic(
    `WINTER_SOCKETS_SEED=${seed}, ${runs.length} runs of ${all.length}, ${compared} with bytes to compare`,
  );
  assert.deepEqual(problems, []);
}

/**
 * @template T
 * @param {T[]} items
 * @param {number} start
 */
function shuffle(items, start) {
  const shuffled = [...items];
  const random = mulberry32(start);
  for (let index = shuffled.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [shuffled[index], shuffled[other]] = [shuffled[other], shuffled[index]];
  }
  return shuffled;
}

/** A small generator of random numbers that gives the same ones for the same seed. */
function mulberry32(/** @type {number} */ state) {
  let next = state;
  return () => {
    next = (next + 0x6d2b79f5) | 0;
    let mixed = Math.imul(next ^ (next >>> 15), 1 | next);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
