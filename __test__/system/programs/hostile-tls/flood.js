// A server that ends its handshake well and goes on with records that no honest server sends. No TLS library makes them, so
// they are made here, with the keys that Node logs.

import { once } from 'node:events';
import net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';

import { data, tell } from '../parent.js';
import { friendly } from './friendly.js';
import { ALERT, APPLICATION, CHANGE_CIPHER_SPEC, HANDSHAKE, versions } from './keys.js';

const KEY_UPDATE = Buffer.from([24, 0, 0, 1, 0]);
const KEY_UPDATE_REQUESTED = Buffer.from([24, 0, 0, 1, 1]);
/** With a life of an hour, and nothing in it. */
const NEW_SESSION_TICKET = Buffer.from(
  '0400001f00000e10070707070107001107070707070707070707070707070707070000',
  'hex',
);
const HELLO_REQUEST = Buffer.from([0, 0, 0, 0]);
const USER_CANCELED = Buffer.from([1, 90]);
const CLOSE_NOTIFY = Buffer.from([1, 0]);

/** What one kind of flood consists of. @type {Record<string, (keys: import('./keys.js').Keys) => Buffer>} */
const records = {
  tiny: (keys) => keys.record(APPLICATION, Buffer.from('.')),
  empty: (keys) => keys.record(APPLICATION, Buffer.alloc(0)),
  // In between comes one byte of data, so that counters of what is empty in a row start anew.
  'empty, with data': (keys) =>
    Buffer.concat([
      ...Array.from({ length: 20 }, () => keys.record(APPLICATION, Buffer.alloc(0))),
      keys.record(APPLICATION, Buffer.from('.')),
    ]),
  updates: (keys) => keys.update(KEY_UPDATE),
  'updates that want an answer': (keys) => keys.update(KEY_UPDATE_REQUESTED),
  'updates that want an answer, with data': (keys) =>
    Buffer.concat([keys.update(KEY_UPDATE_REQUESTED), keys.record(APPLICATION, Buffer.from('.'))]),
  tickets: (keys) => keys.record(HANDSHAKE, NEW_SESSION_TICKET),
  'requests to renegotiate': (keys) => keys.record(HANDSHAKE, HELLO_REQUEST),
  alerts: (keys) => keys.record(ALERT, USER_CANCELED),
};

const { version = 'TLSv1.3', kind, count = Infinity, burst, cert, key } = data;
const { ciphers, keysOf } = versions[version];
const server = net.createServer({ noDelay: true }, serve).listen(0, '127.0.0.1');
await once(server, 'listening');
process.once('disconnect', () => process.exit());
await tell({ port: server.address().port, friendly: await friendly(data) });

/** @param {net.Socket} raw */
async function serve(raw) {
  raw.on('error', () => {});
  const sent = { before: [], after: [] };
  const secured = overWire(raw, sent);
  secured.on('error', () => {});
  let log = '';
  secured.on('keylog', (line) => (log += line));
  await once(secured, 'secure');
  // The session tickets are on the wire when this is.
  await new Promise((resolve) => secured.write('begin', resolve));
  raw.pause();
  await flood(raw, keysOf(log, Buffer.concat(sent.before), Buffer.concat(sent.after)));
}

/** Node's TLS, with a look at what it sends. */
function overWire(raw, { before, after }) {
  let sent = before;
  const wire = new Duplex({
    read() {},
    write(chunk, _, callback) {
      sent.push(chunk);
      raw.write(chunk, callback);
    },
  });
  raw.on('data', (chunk) => {
    // The client's first encrypted record ends the handshake; from then on the keys are those of the traffic.
    if (chunk[0] === APPLICATION || chunk[0] === CHANGE_CIPHER_SPEC) sent = after;
    wire.push(chunk);
  });
  const secureContext = tls.createSecureContext({
    cert,
    key,
    minVersion: version,
    maxVersion: version,
    ciphers,
  });
  return new tls.TLSSocket(wire, { isServer: true, secureContext });
}

/** The first ones are made in advance, so that they come as fast as the network lets them. */
async function flood(raw, keys) {
  let sent = 0;
  const make = (most) => {
    const batch = [];
    for (; batch.length < most && sent < count; sent++) batch.push(records[kind](keys));
    return Buffer.concat(batch);
  };
  for (let bytes = make(burst); bytes.length > 0 && !raw.destroyed; bytes = make(500)) {
    if (!raw.write(bytes)) await Promise.race([once(raw, 'drain'), once(raw, 'close')]);
    // Others have their turn.
    else await new Promise(setImmediate);
  }
  if (!raw.destroyed) raw.end(keys.record(ALERT, CLOSE_NOTIFY));
}
