// A worker whose connections are all still on their way, and stay so.

import { parentPort, workerData } from 'node:worker_threads';

import { connect } from '../../../index.js';

for (const address of workerData.addresses) {
  const { readable, writable } = connect(address);
  readable
    .getReader()
    .read()
    .catch(() => {});
  writable
    .getWriter()
    .write('early')
    .catch(() => {});
}
// The next turn of the event loop, so that the dials have begun.
setImmediate(() => parentPort.postMessage('dialling'));
