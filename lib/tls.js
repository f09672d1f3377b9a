'use strict';

// Settings of TLS → what the native side shakes hands with, and what the environment has to say about it.

const { isIP } = require('node:net');

const { core } = require('./core.js');
const { quote } = require('./describe.js');
const { TlsConfig } = require('./native.js');
const { invalidValue } = require('./webidl.js');

/** Read when Node reads it: at the start. */
const extraCaFile = process.env.NODE_EXTRA_CA_CERTS || undefined;

const warned = new Set();

/** TLS settings that were parsed, for any number of connections. */
class TlsContext {
  #config;

  /** @param {import('./tls-options.js').TlsSettings} settings */
  constructor(settings) {
    const { rejectUnauthorized = environmentVerifies(), useSystemCA = environmentUsesSystemCa() } = settings;
    if (settings.rejectUnauthorized === false) warnOfUnverified();
    this.settings = settings;
    try {
      this.#config = new TlsConfig({
        ca: settings.ca,
        certs: settings.certs,
        keys: settings.keys,
        alpn: [...(settings.alpn ?? [])],
        ...(settings.onlyVersion && { onlyVersion: settings.onlyVersion }),
        rejectUnauthorized,
        useSystemCa: useSystemCA,
        ...(extraCaFile && { extraCaFile }),
        keyLog: settings.keyLog,
      });
    } catch (error) {
      throw invalidValue(/** @type {Error} */ (error).message);
    }
    for (const warning of this.#config.takeWarnings()) warnOnce(warning);
  }

  /**
   * The settings as they are for one socket.
   *
   * @param {{ sni?: string | undefined, alpn?: readonly string[] | undefined }} options
   */
  for({ sni, alpn }) {
    if (sni === undefined && alpn === undefined) return this;
    const { serverName, alpn: protocols } = this.settings;
    return new TlsContext({ ...this.settings, serverName: sni ?? serverName, alpn: alpn ?? protocols });
  }

  /**
   * What the native side is told about a handshake.
   *
   * @param {string} hostname The address's, which the settings may replace.
   * @returns {Handshake}
   */
  handshakeWith(hostname) {
    const name = this.settings.serverName ?? hostname;
    // The zone of a link-local address means something on this machine only.
    const [serverName] = isIP(name) === 6 ? name.split('%') : [name];
    if (!core.isServerName(serverName)) {
      throw invalidValue(
        `TLS can not be spoken with ${quote(name)}, which is no host name and no IP address`,
      );
    }
    return [this.#config, serverName, this.settings.connectTimeout];
  }
}

/** @typedef {[config: InstanceType<typeof TlsConfig>, serverName: string, deadline: number | undefined]} Handshake */

/** https://nodejs.org/api/cli.html#node_tls_reject_unauthorizedvalue; may be set at any time. */
function environmentVerifies() {
  if (process.env.NODE_TLS_REJECT_UNAUTHORIZED !== '0') return true;
  warnOnce(
    "Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable to '0' makes TLS connections insecure by disabling " +
      'certificate verification.',
  );
  return false;
}

function warnOfUnverified() {
  warnOnce(
    'The option rejectUnauthorized: false makes TLS connections insecure by disabling certificate verification. ' +
      'To trust a certificate of your own, give it as the option ca.',
  );
}

/** @param {string} text */
function warnOnce(text) {
  if (warned.has(text)) return;
  warned.add(text);
  process.emitWarning(text);
}

/** https://nodejs.org/api/cli.html#--use-system-ca, and OpenSSL's own variables for that store. */
function environmentUsesSystemCa() {
  const { NODE_OPTIONS = '', NODE_USE_SYSTEM_CA, SSL_CERT_FILE, SSL_CERT_DIR } = process.env;
  const flags = [...process.execArgv, ...NODE_OPTIONS.split(/\s+/)];
  return (
    NODE_USE_SYSTEM_CA === '1' ||
    Boolean(SSL_CERT_FILE || SSL_CERT_DIR) ||
    flags.includes('--use-system-ca') ||
    flags.includes('--use-openssl-ca')
  );
}

exports.TlsContext = TlsContext;
