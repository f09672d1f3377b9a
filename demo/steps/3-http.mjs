import assert from 'node:assert/strict';

import { connect } from '../../index.js';
import { code, tell, wire } from '../print.mjs';

export const title = 'Speak HTTP, and read the answer through a Response';

// Node loads it when it is first used, which takes longer than the whole exchange.
await new Response('').text();

/** @param {import('../servers.mjs').Addresses} addresses */
export async function run({ http: address }) {
  const socket = connect(address);
  const request = `GET /weather HTTP/1.1\r\nHost: ${address}\r\nConnection: close\r\n\r\n`;
  code("writer.write('GET /weather HTTP/1.1\\r\\n ...');");
  const writer = socket.writable.getWriter();
  await writer.write(request);
  tell(`sent      a request of ${request.length} bytes`);

  code('const answer = await new Response(socket.readable).text();');
  const answer = await new Response(socket.readable).text();
  const [head = '', body] = answer.split('\r\n\r\n');
  const [status = ''] = head.split('\r\n');
  tell(`received  ${wire(status)}, headers, and ${wire(body ?? '')}`);
  assert.equal(status, 'HTTP/1.1 200 OK');
  assert.equal(body, 'Snow, -4 °C\n');

  await socket.closed;
  tell('closed: the server has ended the connection, and all of it is read');
}
