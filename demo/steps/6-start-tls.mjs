import assert from 'node:assert/strict';

import { connect } from '../../index.js';
import { ca } from '../certificates.mjs';
import { code, tell, wire } from '../print.mjs';
import { splitLines } from '../split-lines.mjs';

export const title = 'STARTTLS: from plain text to TLS, on the same connection';

/** @param {import('../servers.mjs').Addresses} addresses */
export async function run({ mail: address }) {
  code(`const plain = connect('${address}', { secureTransport: 'starttls' });`);
  const plain = connect(address, { secureTransport: 'starttls' });
  const before = talkWith(plain);
  await before.expect('220 mail.localhost');
  await before.say('EHLO demo');
  await before.expect('250-mail.localhost');
  await before.expect('250 STARTTLS');
  await before.say('STARTTLS');
  await before.expect('220 go ahead');

  code("const socket = plain.startTls({ ca, expectedServerHostname: 'localhost' });");
  const socket = plain.startTls({ ca, expectedServerHostname: 'localhost' });
  await plain.closed;
  assert(plain.upgraded);
  tell('the plain socket is done: closed resolves, and upgraded is true');
  await socket.opened;
  tell('the new one is opened: the handshake is over, and the certificate is that of localhost');

  const after = talkWith(socket);
  await after.say('EHLO demo');
  await after.expect('250 mail.localhost');
  await after.say('QUIT');
  await after.expect('221 goodbye');
  await after.expect(undefined);
  await socket.closed;
  tell('closed: the server has ended the connection');
}

/** @param {import('../../index.js').Socket} socket */
function talkWith(socket) {
  const lines = socket.readable.pipeThrough(new TextDecoderStream()).pipeThrough(splitLines());
  const reader = lines.getReader();
  const writer = socket.writable.getWriter();
  return {
    /** @param {string} line */
    async say(line) {
      await writer.write(`${line}\r\n`);
      tell(`sent      ${wire(line)}`);
    },
    /** @param {string | undefined} line What comes next; `undefined` stands for the end. */
    async expect(line) {
      const { value } = await reader.read();
      assert.equal(value?.trimEnd(), line);
      if (line !== undefined) tell(`received  ${wire(line)}`);
    },
  };
}
