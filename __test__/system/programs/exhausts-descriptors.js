// Opens sockets until there are no descriptors left, and again when some have been closed.

import { connect } from '../../../index.js';
import { data, tell } from './parent.js';

const { address, name, attempts, isWarm } = data;

// The first name starts threads, which needs descriptors of its own.
if (isWarm) await openByName();

const sockets = Array.from({ length: attempts }, () => connect(address));
const outcomes = await Promise.allSettled(sockets.map(({ opened }) => opened));
const codes = [];
const messages = new Set();
const open = [];
for (const [i, { status, reason }] of outcomes.entries()) {
  if (status === 'fulfilled') open.push(sockets[i]);
  else {
    codes.push(reason.code);
    messages.add(reason.message);
  }
}
const closedCodes = await Promise.all(
  sockets.filter((socket) => !open.includes(socket)).map(({ closed }) => closed.catch(({ code }) => code)),
);
const byName = await openByName();

// Those that are open still work.
const echoes = await Promise.all(open.map((socket) => echo(socket)));

await Promise.all(open.splice(0, 5).map((socket) => socket.close()));
const later = Array.from({ length: 5 }, () => connect(address));
const laterEchoes = await Promise.all(later.map((socket) => echo(socket).catch(({ message }) => message)));

await Promise.all([...open, ...later].map((socket) => socket.close()));
const laterByName = await openByName();
await tell({
  opened: outcomes.length - codes.length,
  codes: [...new Set([...codes, ...closedCodes])],
  messages: [...messages],
  byName,
  laterByName,
  echoes: echoes.filter((text) => text === 'echo').length,
  laterEchoes,
});
process.disconnect();

async function openByName() {
  const socket = connect(name);
  try {
    await socket.opened;
    await socket.close();
    return 'opened';
  } catch ({ code, cause }) {
    return `${code}, ${cause?.code}`;
  }
}

async function echo({ readable, writable }) {
  await writable.getWriter().write('echo');
  const { value } = await readable.getReader().read();
  return Buffer.from(value).toString();
}
