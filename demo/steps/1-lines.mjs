import assert from 'node:assert/strict';

import { connect } from '../../index.js';
import { code, tell, wire } from '../print.mjs';
import { splitLines } from '../split-lines.mjs';

export const title = 'Connect, write, and read line by line';

/** @param {import('../servers.mjs').Addresses} addresses */
export async function run({ lines: address }) {
  code(`const socket = connect('${address}');`);
  const socket = connect(address);
  tell('connect() has returned a socket, which connects while you use it');

  code('const info = await socket.opened;');
  const info = await socket.opened;
  tell(`opened: ${info.localAddress} is connected to ${info.remoteAddress}`);
  assert.equal(info.remoteAddress, address);

  code('const lines = socket.readable.pipeThrough(new TextDecoderStream()).pipeThrough(splitLines());');
  const lines = socket.readable.pipeThrough(new TextDecoderStream()).pipeThrough(splitLines());
  const reader = lines.getReader();
  const writer = socket.writable.getWriter();
  for (const line of ['winter is coming', 'schöne Grüße']) {
    await writer.write(`${line}\n`);
    tell(`sent      ${wire(`${line}\n`)}`);
    const { value } = await reader.read();
    tell(`received  ${wire(value)}`);
    assert.equal(value, line.toUpperCase());
  }

  code('await socket.close();');
  await socket.close();
  tell('closed');
}
