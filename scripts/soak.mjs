// The soak: thousands of connections of all kinds at once, opened and ended all the time, against servers in another
// process.
//
//   node scripts/soak.mjs                      15 minutes, 2,000 connections, and the plot goes to docs/soak.svg
//   node scripts/soak.mjs --minutes=1 --connections=500 --plot=soak.svg
//
// It prints a line every 10 seconds, and a summary. It fails if something failed that should not have, if a connection was
// still open at the end, or if a descriptor is left.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { root } from './commands.mjs';
import { Churn } from './soak/churn.mjs';
import { Meter } from './soak/meter.mjs';
import { plot } from './soak/plot.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '15' },
    connections: { type: 'string', default: '2000' },
    plot: { type: 'string', default: 'docs/soak.svg' },
  },
});
const minutes = Number(values.minutes);
const connections = Number(values.connections);
const interval = Math.min(10_000, minutes * 6000);

// Without the variable, Node 20 gives its time slice away after each connection that it accepts, which on a busy machine is
// a long time.
const server = fork(fileURLToPath(new URL('soak/servers.mjs', import.meta.url)), {
  env: { ...process.env, UV_TCP_SINGLE_ACCEPT: '0' },
});
const [ports] = /** @type {[import('./soak/servers.mjs').Ports]} */ (
  /** @type {unknown} */ (await once(server, 'message'))
);

const churn = new Churn(ports);
// What is loaded and made once for all connections is no growth.
await churn.each(2);
const meter = new Meter(churn);
const before = await meter.rest();
churn.begin();
console.log(`Node ${process.versions.node}, ${connections} connections for ${minutes} minutes`);
console.log(Meter.heading);
const lanes = churn.run(connections);
for (const end = performance.now() + minutes * 60_000; performance.now() < end;) {
  await new Promise((done) => setTimeout(done, interval));
  console.log(meter.sample());
}
await Promise.race([lanes, churn.end()]);
const after = await meter.rest(before.descriptors);
server.disconnect();

const summary = churn.summary(before, after, minutes);
console.log(summary);
const path = resolve(root, values.plot);
mkdirSync(dirname(path), { recursive: true });
writeFileSync(path, plot(meter.samples, { minutes, connections, summary }));
console.log(`The plot is ${values.plot}.`);

if (churn.open > 0) console.error(`${churn.open} connections don't end`);
for (const surprise of churn.surprises) console.error(`Not expected: ${surprise}`);
const isWell = churn.surprises.size === 0 && churn.open === 0 && after.descriptors <= before.descriptors;
process.exit(isWell ? 0 : 1);
