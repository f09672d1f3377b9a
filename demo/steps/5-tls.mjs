import assert from 'node:assert/strict';

import { TLSSocket, connect } from '../../index.js';
import { ca } from '../certificates.mjs';
import { code, tell, wire, wrong } from '../print.mjs';
import { splitLines } from '../split-lines.mjs';

export const title = 'TLS, with an authority of your own';

/** @param {import('../servers.mjs').Addresses} addresses */
export async function run({ secured: address }) {
  code(`const socket = new TLSSocket({ ca, alpn: ['lines'] }).connect('${address}');`);
  const socket = new TLSSocket({ ca, alpn: ['lines'] }).connect(address);
  code('const info = await socket.opened;');
  const info = await socket.opened;
  tell(`opened: the certificate is good, and both speak ${wire(`${info.alpn}`)}`);
  assert.equal(info.alpn, 'lines');

  const lines = socket.readable.pipeThrough(new TextDecoderStream()).pipeThrough(splitLines());
  await socket.writable.getWriter().write('a secret\n');
  tell(`sent      ${wire('a secret\n')}`);
  const { value } = await lines.getReader().read();
  tell(`received  ${wire(value)}`);
  assert.equal(value, 'A SECRET');
  await socket.close();

  code(`await connect('${address}', { secureTransport: 'on' }).opened;`);
  const error = await connect(address, { secureTransport: 'on' }).opened.then(
    () => undefined,
    (reason) => reason,
  );
  tell('without `ca` it is the default authorities who count, and opened rejects:');
  tell(`  message  ${wrong(error?.message)}`);
  tell(`  code     ${wrong(error?.code)}`);
  assert.equal(error?.code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
}
