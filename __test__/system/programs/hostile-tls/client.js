// Connects to a hostile server, reads until one of them has had enough, and reports what that cost.

import { TLSSocket } from '../../../../index.js';
import { collect, data, tell } from '../parent.js';

const { port, friendly, ca } = data;

/** How often the event loop is looked at. */
const TICK_MS = 4;

// What is made once for all connections is no cost of this one.
const binding = new TLSSocket({ ca });
for (let i = 0; i < 3; i++) {
  const socket = binding.connect(`127.0.0.1:${friendly}`);
  await socket.writable.getWriter().write('hello');
  await socket.readable.getReader().read();
  await socket.close();
}
await collect();
const before = process.memoryUsage.rss();

let worst = 0;
let most = before;
let last = { time: performance.now(), cpu: cpu() };
/**
 * A busy machine stops this thread, too; that is not the time that it works. So it is the smaller one that counts: the time
 * that went by, and the time that was worked.
 */
const watch = setInterval(() => {
  const now = { time: performance.now(), cpu: cpu() };
  worst = Math.max(worst, Math.min(now.time - last.time, now.cpu - last.cpu) - TICK_MS);
  most = Math.max(most, process.memoryUsage.rss());
  last = now;
}, TICK_MS);

const start = { time: performance.now(), cpu: cpu() };
const socket = binding.connect(`127.0.0.1:${port}`);
let received = 0;
let outcome = 'ended';
try {
  await socket.opened;
  socket.writable
    .getWriter()
    .write('hello')
    .catch(() => {});
  for await (const { length } of socket.readable) received += length;
} catch (error) {
  outcome = error.code ?? error.message;
}
const [ms, cpuMs] = [performance.now() - start.time, cpu() - start.cpu];
clearInterval(watch);
await tell({ outcome, received, ms, cpuMs, worst, growth: most - before });
// Answers that the server does not read would be waited for.
process.exit();

function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
