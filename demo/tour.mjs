// The tour: one step for each thing that the API does. Every step checks what it gets.

import { readFileSync } from 'node:fs';

import { bad, begin, good } from './print.mjs';
import { startServers } from './servers.mjs';
import * as lines from './steps/1-lines.mjs';
import * as halfClose from './steps/2-half-close.mjs';
import * as http from './steps/3-http.mjs';
import * as byob from './steps/4-byob.mjs';
import * as tls from './steps/5-tls.mjs';
import * as startTls from './steps/6-start-tls.mjs';
import * as refused from './steps/7-refused.mjs';
import * as close from './steps/8-close.mjs';

const STEPS = [lines, halfClose, http, byob, tls, startTls, refused, close];

/** A step that takes longer hangs. */
const TIME_LIMIT = 4000;

/** @returns {Promise<number>} The exit code. */
export async function tour() {
  const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  console.log(`${name} ${version} on Node ${process.versions.node}, ${process.platform} ${process.arch}`);

  const watch = setTimeout(giveUp, TIME_LIMIT);
  const start = performance.now();
  const { addresses, stop } = await startServers();
  try {
    for (const [index, { title, run }] of STEPS.entries()) {
      begin(`${index + 1}. ${title}`);
      await run(addresses);
    }
  } catch (error) {
    bad('That was not as it should be.');
    console.error(error);
    return 1;
  } finally {
    // What is closed does not keep the process alive: it ends here by itself.
    stop();
    clearTimeout(watch);
  }
  good(`All ${STEPS.length} steps went as they should, in ${(performance.now() - start).toFixed(0)} ms.`);
  return 0;
}

function giveUp() {
  bad(`This step hangs: the tour is not over after ${TIME_LIMIT / 1000} s.`);
  process.exit(1);
}
