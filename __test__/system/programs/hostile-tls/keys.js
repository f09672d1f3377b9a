// Makes records with the keys of a server, from what Node logs and sends. AES-128-GCM.

import { createCipheriv, createHmac } from 'node:crypto';

export const CHANGE_CIPHER_SPEC = 20;
export const ALERT = 21;
export const HANDSHAKE = 22;
export const APPLICATION = 23;

/** @typedef {Keys12 | Keys13} Keys */

/** RFC 5246 and RFC 5288. */
class Keys12 {
  #key;
  #salt;
  #sequence;

  /**
   * @param {string} log
   * @param {{ type: number, body: Buffer }[]} all The records that the server has sent.
   */
  constructor(log, all) {
    const [, clientRandom, masterSecret] = /CLIENT_RANDOM (\w+) (\w+)/.exec(log);
    // Behind the lengths and the version of the ServerHello.
    const serverRandom = all[0].body.subarray(6, 38);
    const seed = Buffer.concat([serverRandom, Buffer.from(clientRandom, 'hex')]);
    const block = expand12(Buffer.from(masterSecret, 'hex'), 'key expansion', seed, 40);
    this.#key = block.subarray(16, 32);
    this.#salt = block.subarray(36, 40);
    this.#sequence = all.length - 1 - all.findIndex(({ type }) => type === CHANGE_CIPHER_SPEC);
  }

  record(type, content) {
    const number = Buffer.alloc(8);
    number.writeUInt32BE(this.#sequence++, 4);
    const nonce = Buffer.concat([this.#salt, number]);
    const aad = Buffer.concat([number, head(type, content.length)]);
    const cipher = createCipheriv('aes-128-gcm', this.#key, nonce).setAAD(aad);
    const body = Buffer.concat([cipher.update(content), cipher.final()]);
    return Buffer.concat([head(type, 8 + body.length + 16), number, body, cipher.getAuthTag()]);
  }
}

/** RFC 8446. */
class Keys13 {
  #secret;
  #key;
  #iv;
  #sequence;

  /**
   * @param {string} log
   * @param {number} sequence How many records the server has sent with these keys.
   */
  constructor(log, sequence) {
    const [, secret] = /SERVER_TRAFFIC_SECRET_0 \w+ (\w+)/.exec(log);
    this.#use(Buffer.from(secret, 'hex'));
    this.#sequence = sequence;
  }

  #use(secret) {
    this.#secret = secret;
    this.#key = expand13(secret, 'key', 16);
    this.#iv = expand13(secret, 'iv', 12);
    this.#sequence = 0;
  }

  record(type, content) {
    const aad = head(APPLICATION, content.length + 1 + 16);
    const nonce = Buffer.from(this.#iv);
    const number = this.#sequence++;
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ number) >>> 0, 8);
    const cipher = createCipheriv('aes-128-gcm', this.#key, nonce).setAAD(aad);
    const body = cipher.update(Buffer.concat([content, Buffer.from([type])]));
    cipher.final();
    return Buffer.concat([aad, body, cipher.getAuthTag()]);
  }

  update(message) {
    const record = this.record(HANDSHAKE, message);
    this.#use(expand13(this.#secret, 'traffic upd', 32));
    return record;
  }
}

/**
 * The suite of each version, and the keys with which a server goes on, from the lines that Node logged, and what the server
 * has sent before and after the first encrypted record of the client.
 *
 * @type {Record<string, { ciphers: string, keysOf(log: string, before: Buffer, after: Buffer): Keys }>}
 */
export const versions = {
  'TLSv1.2': {
    ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
    keysOf: (log, before, after) => new Keys12(log, [...recordsOf(before), ...recordsOf(after)]),
  },
  'TLSv1.3': {
    ciphers: 'TLS_AES_128_GCM_SHA256',
    keysOf: (log, _before, after) => new Keys13(log, recordsOf(after).length),
  },
};

function head(type, length) {
  return Buffer.from([type, 3, 3, length >> 8, length & 255]);
}

/** @param {Buffer} bytes */
function recordsOf(bytes) {
  const records = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 5 + bytes.readUInt16BE(at + 3);
    records.push({ type: bytes[at], body: bytes.subarray(at + 5, end) });
    at = end;
  }
  return records;
}

/** The PRF of TLS 1.2. */
function expand12(secret, label, seed, length) {
  const hash = (text) => createHmac('sha256', secret).update(text).digest();
  const start = Buffer.concat([Buffer.from(label), seed]);
  let block = Buffer.alloc(0);
  for (let turn = hash(start); block.length < length; turn = hash(turn)) {
    block = Buffer.concat([block, hash(Buffer.concat([turn, start]))]);
  }
  return block;
}

/** HKDF-Expand-Label, for at most one block. */
function expand13(secret, label, length) {
  const name = `tls13 ${label}`;
  const info = Buffer.concat([Buffer.from([0, length, name.length]), Buffer.from(name), Buffer.from([0, 1])]);
  return createHmac('sha256', secret).update(info).digest().subarray(0, length);
}
