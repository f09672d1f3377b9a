// Counts the instructions of the native binary.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { find } from '../../system/helpers/daemon.js';
import { measure } from './measure.js';

const valgrind = find('valgrind', 'valgrind');
/** Speaks to a process that runs in Valgrind. */
const vgdb = find('vgdb', 'valgrind');

/** For the option `skip`. Other processors have other instructions, and with them other counts. */
export const skip =
  process.platform !== 'linux' || process.arch !== 'x64'
    ? 'the figures are those of Linux on x86-64'
    : valgrind.skip || vgdb.skip;

/**
 * How many instructions the native binary executed in a workload. What it calls in libraries is not among them.
 *
 * @param {import('node:test').TestContext} t
 * @param {Omit<import('./measure.js').What, 'meter'>} what
 * @returns {Promise<{ done: Record<string, number>, instructions: number }>}
 */
export async function countInstructions(t, what) {
  const folder = mkdtempSync(join(tmpdir(), 'winter-sockets-callgrind-'));
  try {
    const file = join(folder, 'profile');
    // The start of Node takes three times as long when it is counted.
    const options = ['--quiet', '--tool=callgrind', '--instr-atstart=no', `--callgrind-out-file=${file}`];
    const answer = (word, pid) => instrument(pid, word === 'begin' ? 'on' : 'off');
    const done = await measure(
      t,
      { ...what, meter: 'dialogue' },
      // To optimize takes longer than it saves.
      { prefix: [valgrind.path, ...options], flags: ['--no-opt'], answer },
    );
    return { done, instructions: instructionsOf(readFileSync(file, 'utf8'), /winter-sockets[^/]*\.node$/) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {number} pid
 * @param {'on' | 'off'} state
 */
function instrument(pid, state) {
  return promisify(execFile)(vgdb.path, [`--pid=${pid}`, 'instrumentation', state]);
}

/**
 * The cost of the code in one file; https://valgrind.org/docs/manual/cl-format.html.
 *
 * @param {string} profile
 * @param {RegExp} file
 */
function instructionsOf(profile, file) {
  const names = new Map();
  let [sum, isOurs, isCall] = [0, false, false];
  for (const line of profile.split('\n')) {
    const [, where, id, name] = /^(c?ob)=\((\d+)\)(?: (.*))?$/.exec(line) ?? [];
    if (name !== undefined) names.set(id, name);
    if (where === 'ob') isOurs = file.test(names.get(id));
    const [, cost] = /^[-+*\d]\S* (\d+)$/.exec(line) ?? [];
    // The line after a call has the cost of what is called, which counts where that stands.
    if (cost !== undefined && isOurs && !isCall) sum += Number(cost);
    isCall = line.startsWith('calls=');
  }
  return sum;
}
