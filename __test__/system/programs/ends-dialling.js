// Ends while connections are on their way.

import { connect } from '../../../index.js';
import { data, tell } from './parent.js';

for (const address of data.addresses) {
  const socket = connect(address);
  const writer = socket.writable.getWriter();
  writer.write('early').catch(() => {});
  if (data.how === 'lets go') socket.unref();
}
await new Promise(setImmediate);
await tell('dialling');
if (data.how === 'exits') process.exit(7);
process.disconnect();
