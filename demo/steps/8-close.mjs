import assert from 'node:assert/strict';
import { once } from 'node:events';

import { connect } from '../../index.js';
import { code, tell, wire, wrong } from '../print.mjs';
import { heard } from '../servers.mjs';

export const title = 'close()';

/** @param {import('../servers.mjs').Addresses} addresses */
export async function run({ lines: address }) {
  const socket = connect(address);
  await socket.opened;
  const reader = socket.readable.getReader();
  const writer = socket.writable.getWriter();
  const waiting = reader.read();

  code("writer.write('farewell\\n');", 'await socket.close();');
  const delivered = once(heard, 'line');
  const written = writer.write('farewell\n');
  const closing = socket.close();
  assert.equal(closing, socket.closed);
  await Promise.all([written, closing]);
  tell('closed resolves');

  const [line] = await delivered;
  assert.equal(line, 'farewell');
  tell(`what was written before is delivered: the server has got ${wire(line)}`);

  assert.deepEqual(await waiting, { done: true, value: undefined });
  tell('a read that waits ends with { done: true }');

  const error = await writer.write('too late\n').catch((reason) => reason);
  assert.equal(error.code, 'ERR_SOCKET_CLOSED');
  tell(`a write from here on rejects: ${wrong(error.message)}`);

  code(`const early = connect('${address}');`, 'early.close();');
  const early = connect(address);
  await early.close();
  const notOpened = await early.opened.catch((reason) => reason);
  assert.equal(notOpened.code, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION');
  tell(`opened rejects: ${wrong(notOpened.message)}`);
  tell('closed resolves all the same: that is what was asked for');
}
