// A server that ends its handshake well and goes on with records that no honest server sends. No TLS library makes them, so
// they are made here, with the keys that Node logs. TLS 1.3, AES-128-GCM.

import { createCipheriv, createHmac } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';

import { data, tell } from '../parent.js';
import { friendly } from './friendly.js';

const ALERT = 21;
const HANDSHAKE = 22;
const APPLICATION = 23;

const KEY_UPDATE = Buffer.from([24, 0, 0, 1, 0]);
const KEY_UPDATE_REQUESTED = Buffer.from([24, 0, 0, 1, 1]);
/** With a life of an hour, and nothing in it. */
const NEW_SESSION_TICKET = Buffer.from(
  '0400001f00000e10070707070107001107070707070707070707070707070707070000',
  'hex',
);
const USER_CANCELED = Buffer.from([1, 90]);
const CLOSE_NOTIFY = Buffer.from([1, 0]);

/** What one kind of flood consists of. @type {Record<string, (keys: Keys) => Buffer>} */
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
  alerts: (keys) => keys.record(ALERT, USER_CANCELED),
};

const { kind, count = Infinity, burst, cert, key } = data;
const server = net.createServer({ noDelay: true }, serve).listen(0, '127.0.0.1');
await once(server, 'listening');
process.once('disconnect', () => process.exit());
await tell({ port: server.address().port, friendly: await friendly(data) });

/** The keys of one direction. */
class Keys {
  #secret;
  #key;
  #iv;
  #sequence;

  constructor(secret, sequence) {
    this.#use(secret);
    this.#sequence = sequence;
  }

  #use(secret) {
    this.#secret = secret;
    this.#key = expand(secret, 'key', 16);
    this.#iv = expand(secret, 'iv', 12);
    this.#sequence = 0;
  }

  record(type, content) {
    const head = Buffer.from([APPLICATION, 3, 3, 0, 0]);
    head.writeUInt16BE(content.length + 1 + 16, 3);
    const nonce = Buffer.from(this.#iv);
    const number = this.#sequence++;
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ number) >>> 0, 8);
    const cipher = createCipheriv('aes-128-gcm', this.#key, nonce).setAAD(head);
    const body = cipher.update(Buffer.concat([content, Buffer.from([type])]));
    cipher.final();
    return Buffer.concat([head, body, cipher.getAuthTag()]);
  }

  update(message) {
    const record = this.record(HANDSHAKE, message);
    this.#use(expand(this.#secret, 'traffic upd', 32));
    return record;
  }
}

/** HKDF-Expand-Label, for at most one block. */
function expand(secret, label, length) {
  const name = `tls13 ${label}`;
  const info = Buffer.concat([Buffer.from([0, length, name.length]), Buffer.from(name), Buffer.from([0, 1])]);
  return createHmac('sha256', secret).update(info).digest().subarray(0, length);
}

/** @param {net.Socket} raw */
async function serve(raw) {
  raw.on('error', () => {});
  const { secured, sequence } = overWire(raw);
  secured.on('error', () => {});
  let secret;
  secured.on('keylog', (line) => {
    const [label, , value] = `${line}`.trim().split(' ');
    if (label === 'SERVER_TRAFFIC_SECRET_0') secret = Buffer.from(value, 'hex');
  });
  await once(secured, 'secure');
  // The session tickets are on the wire when this is.
  await new Promise((resolve) => secured.write('begin', resolve));
  raw.pause();
  const keys = new Keys(secret, sequence());
  await flood(raw, keys);
}

/** Node's TLS, with a look at the records that it sends. */
function overWire(raw) {
  let isFinished = false;
  let sent = 0;
  const wire = new Duplex({
    read() {},
    write(chunk, _, callback) {
      if (isFinished) sent += countRecords(chunk);
      raw.write(chunk, callback);
    },
  });
  raw.on('data', (chunk) => {
    // The client's first encrypted record ends the handshake; from then on the keys are those of the traffic.
    isFinished ||= chunk[0] === APPLICATION || chunk[0] === 20;
    wire.push(chunk);
  });
  const secureContext = tls.createSecureContext({
    cert,
    key,
    minVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256',
  });
  const secured = new tls.TLSSocket(wire, { isServer: true, secureContext, enableTrace: false });
  return { secured, sequence: () => sent };
}

function countRecords(chunk) {
  let count = 0;
  for (let at = 0; at < chunk.length; at += 5 + chunk.readUInt16BE(at + 3)) count++;
  return count;
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
