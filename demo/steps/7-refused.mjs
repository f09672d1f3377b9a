import assert from 'node:assert/strict';

import { SocketError, connect } from '../../index.js';
import { code, tell, wrong } from '../print.mjs';

export const title = 'A port where nobody listens';

/** @param {import('../servers.mjs').Addresses} addresses */
export async function run({ nobody: address }) {
  code(`const socket = connect('${address}');`, 'await socket.opened;');
  const socket = connect(address);
  const error = await socket.opened.then(
    () => undefined,
    (reason) => reason,
  );
  tell(`opened rejects with a ${error?.constructor.name}:`);
  tell(`  message  ${wrong(error?.message)}`);
  tell(`  code     ${wrong(error?.code)}`);
  tell(`  cause    ${wrong(`${error?.cause}`)}`);
  assert(error instanceof SocketError && error instanceof TypeError);
  assert.equal(error.message, `SocketError: connect ${address} failed: connection refused`);
  assert.equal(error.code, 'ECONNREFUSED');
  assert.equal(/** @type {Error} */ (error.cause).message, `connect ECONNREFUSED ${address}`);

  const reason = await socket.closed.catch((closedError) => closedError);
  assert.equal(reason, error);
  tell('closed rejects with the same error');

  code("connect('example.com')");
  assert.throws(
    () => connect('example.com'),
    (mistake) => {
      assert(mistake instanceof SocketError);
      assert.equal(mistake.code, 'ERR_MISSING_ARGS');
      tell(`an address that is none is thrown at once: ${wrong(mistake.message)}`);
      return true;
    },
  );
}
