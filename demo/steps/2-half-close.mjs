import assert from 'node:assert/strict';

import { connect } from '../../index.js';
import { code, tell, wire } from '../print.mjs';

export const title = 'Half-close: say that no more will come, and read to the end';

/** @param {import('../servers.mjs').Addresses} addresses */
export async function run({ lines: address }) {
  const socket = connect(address);
  const writer = socket.writable.getWriter();

  code("writer.write('one\\n'); writer.write('two\\n');");
  writer.write('one\n');
  writer.write('two\n');
  code('await writer.close();');
  await writer.close();
  tell('everything is sent, and FIN behind it; the server may still answer');

  code('for await (const text of socket.readable.pipeThrough(new TextDecoderStream())) ...');
  let answer = '';
  for await (const text of socket.readable.pipeThrough(new TextDecoderStream())) {
    answer += text;
    tell(`received  ${wire(text)}`);
  }
  tell('the server has ended its side too, so the loop is over');
  assert.equal(answer, 'ONE\nTWO\n2 lines, goodbye\n');

  code('await socket.closed;');
  await socket.closed;
  tell('closed: both sides have ended, nobody had to call close()');
}
