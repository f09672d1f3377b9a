// Connections in all stages of their lives at the same time: connecting, shaking hands, sending, receiving, closing.

import { readFileSync } from 'node:fs';

import { TLSSocket, connect } from '../../../../index.js';

const ca = readFileSync(new URL('../../../fixtures/tls/root.pem', import.meta.url));
const piece = new Uint8Array(30_000);
const binding = new TLSSocket({ ca, servername: 'localhost' });

/**
 * Keeps so many connections going, and never ends.
 *
 * @param {{ plain: number, secure: number, upgradable: number }} ports Of `scripts/soak/servers.mjs`.
 * @param {number} count
 * @param {() => void} onStep Called whenever a connection gets on.
 */
export function keepBusy(ports, count, onStep) {
  for (let i = 0; i < count; i++) lane(ports, i, onStep);
}

async function lane(ports, number, onStep) {
  for (let turn = number; ; turn++) {
    const socket = await opens[turn % opens.length](ports, onStep);
    onStep();
    const writer = socket.writable.getWriter();
    const reader = socket.readable.getReader();
    await writer.write('echo\n');
    onStep();
    const writing = [piece, piece, piece].map((each) => writer.write(each).then(onStep));
    for (let missing = 3 * piece.length; missing > 0;) {
      missing -= (await reader.read()).value.length;
      onStep();
    }
    await Promise.all(writing);
    const closed = turn % 2 ? socket.close() : writer.close().then(() => reader.read());
    onStep();
    await closed;
    onStep();
  }
}

const opens = [
  ({ plain }) => connect({ hostname: '127.0.0.1', port: plain }),
  ({ plain }) => connect({ hostname: 'localhost', port: plain }),
  ({ secure }) => binding.connect({ hostname: '127.0.0.1', port: secure }),
  ({ secure }) => binding.connect({ hostname: 'localhost', port: secure }),
  async ({ upgradable }, onStep) => {
    const address = { hostname: '127.0.0.1', port: upgradable };
    const socket = connect(address, { secureTransport: 'starttls' });
    await socket.writable.getWriter().write('STARTTLS\n');
    onStep();
    await socket.readable.getReader().read();
    return socket.startTls({ ca, servername: 'localhost' });
  },
];
