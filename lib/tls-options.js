'use strict';

// The options of TLS → normalised values, or throw. They have the names of the spec, of workerd and of `node:tls`, since
// drivers pass what they would pass to Node.

const { Buffer, isUtf8 } = require('node:buffer');

const { describe, quote } = require('./describe.js');
const { toProtocols, toServerName } = require('./tls-names.js');
const { SocketError } = require('./errors.js');
const { invalidType, invalidValue, readMember } = require('./webidl.js');

/**
 * The options of TLS after validation; `undefined` stands for what was not given.
 *
 * @typedef {object} TlsSettings
 * @property {Buffer[]} ca
 * @property {Buffer[]} certs
 * @property {Buffer[]} keys One for each of `certs`.
 * @property {readonly string[] | undefined} alpn
 * @property {TlsVersion} minVersion
 * @property {TlsVersion} maxVersion
 * @property {boolean | undefined} rejectUnauthorized
 * @property {boolean | undefined} useSystemCA
 * @property {boolean} keyLog
 * @property {string | undefined} serverName
 * @property {number | undefined} connectTimeout In milliseconds.
 */

/** @typedef {'TLSv1.2' | 'TLSv1.3'} TlsVersion */

/** Those that are too old, and may still be named as the least that is asked for. */
const OLD_VERSIONS = ['TLSv1', 'TLSv1.1'];

/** What `node:tls` has and nothing here can do; leaving it out silently could weaken what was meant. */
const UNSUPPORTED = {
  pfx: 'convert it to the options cert and key, with `openssl pkcs12 -in file.p12 -out file.pem -nodes`',
  crl: 'revocation is not checked',
  checkServerIdentity:
    'the name of the server is always verified; to accept one certificate only, give it as the option ca',
};

/** The longest time that timers have, 2³¹ - 1 ms. */
const LONGEST_TIMEOUT = 2147483647;

/** @type {Readonly<TlsSettings>} */
const NONE = Object.freeze({
  ca: [],
  certs: [],
  keys: [],
  alpn: undefined,
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  rejectUnauthorized: undefined,
  useSystemCA: undefined,
  keyLog: false,
  serverName: undefined,
  connectTimeout: undefined,
});

/**
 * Parses the options of `startTls()` and `TLSSocket`.
 *
 * @param {unknown} options
 * @param {Readonly<TlsSettings>} [base] What holds where they say nothing.
 * @returns {Readonly<TlsSettings>}
 */
function parseTlsOptions(options, base = NONE) {
  if (options === undefined || options === null) return base;
  if (typeof options !== 'object') {
    throw invalidType(`the TLS options must be an object, got ${describe(options)}`);
  }
  try {
    return readSettings(options, base);
  } catch (error) {
    if (error instanceof SocketError) throw error;
    // The options are of somebody else's making, and whatever is asked of them may throw.
    throw invalidValue('reading the TLS options threw', { cause: error });
  }
}

/**
 * @param {object} options
 * @param {Readonly<TlsSettings>} base
 * @returns {Readonly<TlsSettings>}
 */
function readSettings(options, base) {
  const read = (/** @type {string} */ name) => readMember(options, name, 'TLS options') ?? undefined;
  for (const [name, advice] of Object.entries(UNSUPPORTED)) {
    if (read(name) !== undefined) throw invalidValue(`the option ${name} is not supported: ${advice}`);
  }
  const caMember = read('ca');
  // It may be meant as "trust nobody"; that it means the defaults is nothing to guess.
  if (Array.isArray(caMember) && caMember.length === 0) {
    throw invalidValue('the option ca is an empty list: leave it out for the default');
  }
  const ca = toPem(caMember, 'ca');
  const certs = toPem(read('cert'), 'cert');
  const keys = toKeys(read('key'), read('passphrase'));
  const rejectUnauthorized = read('rejectUnauthorized');
  const useSystemCA = read('useSystemCA');
  const keyLog = read('keyLog');
  const versions = toVersions(read('minVersion'), read('maxVersion'), base);
  return {
    ca: ca.length > 0 ? ca : base.ca,
    ...(certs.length + keys.length > 0 ? toPairs(certs, keys) : { certs: base.certs, keys: base.keys }),
    alpn: toProtocols(read('alpn'), 'alpn') ?? toNodeProtocols(read('ALPNProtocols')) ?? base.alpn,
    ...versions,
    // As in Node only `false` turns verification off: 0 and "" do not.
    rejectUnauthorized:
      rejectUnauthorized === undefined ? base.rejectUnauthorized : rejectUnauthorized !== false,
    useSystemCA: useSystemCA === undefined ? base.useSystemCA : Boolean(useSystemCA),
    keyLog: keyLog === undefined ? base.keyLog : Boolean(keyLog),
    serverName:
      // workerd takes an empty name for none.
      toServerName(read('expectedServerHostname') || undefined, 'expectedServerHostname') ??
      // Node's way to send no SNI is an empty name, and drivers pass it for IP addresses.
      toServerName(read('servername') || undefined, 'servername') ??
      toServerName(read('sni'), 'sni') ??
      base.serverName,
    connectTimeout: toTimeout(read('connectTimeout')) ?? base.connectTimeout,
  };
}

/**
 * Texts in PEM, one by one or in a list.
 *
 * @param {unknown} value
 * @param {string} option
 * @returns {Buffer[]}
 */
function toPem(value, option) {
  // Drivers have an empty string for a setting that nobody made.
  if (value === undefined || value === '') return [];
  const list = Array.isArray(value) ? value : [value];
  return list.map((text) => toBuffer(text, option));
}

/**
 * @param {unknown} text
 * @param {string} option
 */
function toBuffer(text, option) {
  if (typeof text === 'string') return Buffer.from(text);
  // A copy: keys are wiped once they were read, and a `TLSSocket` goes on.
  if (ArrayBuffer.isView(text)) {
    return Buffer.from(new Uint8Array(text.buffer, text.byteOffset, text.byteLength));
  }
  throw invalidType(
    `the option ${option} must be PEM, as a string or in bytes, or a list of them, got ${describe(text)}`,
  );
}

/**
 * Private keys, decrypted. A key may bring its own passphrase, as in Node: `{ pem, passphrase }`.
 *
 * @param {unknown} value
 * @param {unknown} passphrase
 */
function toKeys(value, passphrase) {
  if (value === undefined || value === '') return [];
  const list = Array.isArray(value) ? value : [value];
  return list.map((key) => {
    const isPair = typeof key === 'object' && key !== null && !ArrayBuffer.isView(key) && 'pem' in key;
    if (isPair) return decrypted(toBuffer(key.pem, 'key'), key.passphrase ?? passphrase);
    return decrypted(toBuffer(key, 'key'), passphrase);
  });
}

/**
 * @param {Buffer} key
 * @param {unknown} passphrase
 */
function decrypted(key, passphrase) {
  // PKCS #8, and the older form of OpenSSL.
  if (!key.includes('ENCRYPTED')) return key;
  if (typeof passphrase !== 'string' && !ArrayBuffer.isView(passphrase)) {
    throw invalidValue('the option key is encrypted: give its passphrase in the option passphrase');
  }
  try {
    // Here, because it takes longer to load than all of this package, and hardly any key is encrypted.
    const { createPrivateKey } = require('node:crypto');
    const secret = typeof passphrase === 'string' ? passphrase : toBuffer(passphrase, 'passphrase');
    const plain = createPrivateKey({ key, passphrase: secret });
    return Buffer.from(plain.export({ type: 'pkcs8', format: 'pem' }));
  } catch (cause) {
    throw invalidValue('the option key can not be decrypted with the option passphrase', { cause });
  }
}

/**
 * Each certificate chain with its key. Certificates in a list that have one key are one chain.
 *
 * @param {Buffer[]} certs
 * @param {Buffer[]} keys
 */
function toPairs(certs, keys) {
  if (keys.length === 1 && certs.length > 1) return { certs: [joined(certs)], keys };
  // A key and its certificate in one text.
  if (keys.length === 0 && certs.length > 0) return { certs, keys: certs };
  if (certs.length === keys.length) return { certs, keys };
  throw invalidValue(
    `the options cert and key must have the same number of entries, got ${certs.length} and ${keys.length}`,
  );
}

/** @param {Buffer[]} texts */
function joined(texts) {
  return Buffer.concat(texts.flatMap((text) => [text, Buffer.from('\n')]));
}

/**
 * Node takes names, and the list as it is on the wire: each name behind its length.
 *
 * @param {unknown} value
 */
function toNodeProtocols(value) {
  if (ArrayBuffer.isView(value)) return toProtocols(splitProtocols(value), 'ALPNProtocols');
  const toName = (/** @type {unknown} */ name) =>
    ArrayBuffer.isView(name) ? decoded(toBuffer(name, 'ALPNProtocols')) : name;
  return toProtocols(Array.isArray(value) ? value.map(toName) : value, 'ALPNProtocols');
}

/** @param {Buffer} name */
function decoded(name) {
  // As are all that are registered, but for those that are there to be refused (RFC 8701).
  if (isUtf8(name)) return name.toString();
  throw invalidValue(`the protocol ${name.toString('hex')} (hex) of the option ALPNProtocols is not UTF-8`);
}

/** @param {ArrayBufferView} list */
function splitProtocols(list) {
  const bytes = toBuffer(list, 'ALPNProtocols');
  const names = [];
  let at = 0;
  while (at < bytes.length) {
    const end = at + 1 + bytes[at];
    names.push(decoded(bytes.subarray(at + 1, end)));
    at = end;
  }
  if (at > bytes.length) throw invalidValue('the option ALPNProtocols ends in the middle of a protocol');
  return names;
}

/**
 * @param {unknown} min
 * @param {unknown} max
 * @param {Readonly<TlsSettings>} base What holds for the one that is not given.
 */
function toVersions(min, max, base) {
  const minVersion = toVersion(min, 'minVersion') ?? base.minVersion;
  const maxVersion = toVersion(max, 'maxVersion') ?? base.maxVersion;
  if (minVersion > maxVersion) {
    throw invalidValue(
      `the option minVersion is ${quote(minVersion)}, and maxVersion is older: ${quote(maxVersion)}`,
    );
  }
  return { minVersion, maxVersion };
}

/**
 * @param {unknown} value
 * @param {'minVersion' | 'maxVersion'} option
 * @returns {TlsVersion | undefined}
 */
function toVersion(value, option) {
  if (value === undefined || value === 'TLSv1.2' || value === 'TLSv1.3') return value;
  if (typeof value !== 'string' || !OLD_VERSIONS.includes(value)) {
    throw invalidValue(`the option ${option} must be "TLSv1.2" or "TLSv1.3", got ${describe(value)}`);
  }
  if (option === 'minVersion') return 'TLSv1.2';
  throw invalidValue(
    `the option maxVersion is ${quote(value)}, but TLS 1.2 is the oldest version that is spoken here`,
  );
}

/** @param {unknown} value */
function toTimeout(value) {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value >= 1 && value <= LONGEST_TIMEOUT)) {
    throw invalidValue(
      `the option connectTimeout must be from 1 to ${LONGEST_TIMEOUT} milliseconds, got ${describe(value)}`,
    );
  }
  return Math.ceil(value);
}

exports.NONE = NONE;
exports.parseTlsOptions = parseTlsOptions;
