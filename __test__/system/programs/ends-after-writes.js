// Writes many small pieces and ends right after the last of them was taken.

import { connect } from '../../../index.js';
import { data } from './parent.js';

const { how, pieces, port } = data;
const socket = connect(`127.0.0.1:${port}`);
await socket.opened;
const writer = socket.writable.getWriter();
for (let i = 0; i < pieces; i++) await writer.write(`${i};`);
if (how === 'exits') process.exit(7);
if (how === 'throws') throw new Error('on purpose');
socket.unref();
process.disconnect?.();
