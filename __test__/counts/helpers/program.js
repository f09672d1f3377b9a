// The process in which something is counted; its first argument says what. Prints one line of JSON.

import { TLSSocket, connect } from '../../../index.js';
import { bare } from './bare.js';
import { meters } from './meters.js';
import { workloads } from './workloads.js';

const { peer, workload, meter, warmUp, count } = JSON.parse(process.argv[2]);

function open() {
  if (peer === undefined) return bare();
  if (peer.ca === undefined) return connect(peer.address);
  return new TLSSocket({ ca: peer.ca }).connect(peer.address, { secureTransport: 'on' });
}

const { run, close } = await workloads[workload](open);
await run(warmUp);
const stop = await meters[meter]();
const done = await run(count);
const counted = await stop();
await close();
console.log(JSON.stringify({ ...done, ...counted }));
