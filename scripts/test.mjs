// `npm test`: everything that can be tested here. Arguments are those of test-js.mjs, and select among the JavaScript
// tests; with a selection the Rust tests don't run.

import { run, runScript } from './commands.mjs';

const args = process.argv.slice(2);
const everything = args.every((arg) => arg === '--allow-skips');

demand(runScript('scripts/ready.mjs', []));
if (everything) demand(run('cargo', ['test']));
demand(runScript('scripts/test-js.mjs', args));

/**
 * @param {import('./commands.mjs').Result} result
 */
function demand({ ok, status }) {
  if (!ok) process.exit(status);
}
