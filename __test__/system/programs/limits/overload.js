// As many sockets as it is told to, all of them busy at the same time, and how late everything gets by it.

import { monitorEventLoopDelay } from 'node:perf_hooks';

import { connect } from '../../../../index.js';
import { data, descriptors, steadyDescriptors, tell, until } from '../parent.js';

const { hosts, port, sockets: count, rounds } = data;

// The first one loads what all need.
await talk(connect({ hostname: hosts[0], port }), 1);
const before = await steadyDescriptors();

/** The longest time that this thread worked without a turn of the event loop, and the longest that it was away. */
const longest = { worked: 0, away: 0 };
let last = { time: performance.now(), cpu: cpu() };
const watch = setInterval(() => {
  const now = { time: performance.now(), cpu: cpu() };
  longest.away = Math.max(longest.away, now.time - last.time);
  longest.worked = Math.max(longest.worked, Math.min(now.time - last.time, now.cpu - last.cpu));
  last = now;
}, 4);
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();

const start = performance.now();
const sockets = Array.from({ length: count }, (_, i) => connect({ hostname: hosts[i % hosts.length], port }));
const connecting = performance.now() - start;
await Promise.all(sockets.map(({ opened }) => opened));
const opened = performance.now() - start;
const open = descriptors() - before;
const talks = sockets.map((socket) => talk(socket, rounds));
await new Promise((resolve) => setTimeout(resolve));
// Until here it was two loops over all sockets; what follows is what comes of them.
delay.reset();
longest.worked = longest.away = 0;
last = { time: performance.now(), cpu: cpu() };
const latencies = (await Promise.all(talks)).flat().sort((a, b) => a - b);
const seconds = (performance.now() - start) / 1000;
clearInterval(watch);
delay.disable();
await until(() => descriptors() <= before);
await tell({
  open,
  connecting,
  opened,
  seconds,
  before,
  after: descriptors(),
  count: latencies.length,
  latency: [0.5, 0.99, 1].map((part) => latencies[Math.ceil(part * latencies.length) - 1]),
  longest,
  delay: [delay.percentile(50), delay.percentile(99), delay.max].map((each) => each / 1e6),
});
process.disconnect();

/** Round trips, each with its time. */
async function talk(socket, rounds) {
  const writer = socket.writable.getWriter();
  const reader = socket.readable.getReader();
  const message = new Uint8Array(500).fill(87);
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    await writer.write(message);
    for (let missing = message.length; missing > 0;) missing -= (await reader.read()).value.length;
    times.push(performance.now() - began);
  }
  await socket.close();
  return times;
}

function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
