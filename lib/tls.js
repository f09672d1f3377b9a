'use strict';

// Settings of TLS → what the native side shakes hands with, and what the environment has to say about it.

const { isIP } = require('node:net');

const { core } = require('./core.js');
const { quote } = require('./describe.js');
const { extraCaFile, load } = require('./native.js');
const { NONE } = require('./tls-options.js');
const { invalidValue } = require('./webidl.js');

const { TlsConfig } = load();

const warned = new Set();

/** Read once, as Node does. @type {boolean | undefined} */
let environmentUsesSystemCa;
/**
 * The contexts of settings that are used again: those of the environment alone, and those of binding objects.
 *
 * @type {WeakMap<Readonly<import('./tls-options.js').TlsSettings>, { context: TlsContext, verifies: boolean }>}
 */
const contexts = new WeakMap();

/** TLS settings that were parsed, for any number of connections. */
class TlsContext {
  #config;

  /**
   * The context for settings, which most connections share: to make one takes longer than a system call.
   *
   * @param {Readonly<import('./tls-options.js').TlsSettings>} [settings]
   */
  static for(settings = NONE) {
    // The environment has a say in it, and may change.
    const verifies = isVerified(settings);
    const known = contexts.get(settings);
    if (known?.verifies === verifies) return known.context;
    const context = new TlsContext(settings);
    contexts.set(settings, { context, verifies });
    return context;
  }

  /** @param {import('./tls-options.js').TlsSettings} settings */
  constructor(settings) {
    const rejectUnauthorized = isVerified(settings);
    const { useSystemCA = (environmentUsesSystemCa ??= readsSystemCa()) } = settings;
    this.settings = settings;
    try {
      this.#config = new TlsConfig({
        ca: settings.ca,
        certs: settings.certs,
        keys: settings.keys,
        alpn: [...(settings.alpn ?? [])],
        ...(settings.minVersion === settings.maxVersion && { onlyVersion: settings.minVersion }),
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

/** @typedef {[config: InstanceType<typeof TlsConfig>, serverName: string, deadline: number | undefined]} Handshake Milliseconds. */

/**
 * Whether the peer's certificate is verified, which is the rule; a warning comes with what says otherwise.
 *
 * @param {Readonly<import('./tls-options.js').TlsSettings>} settings
 */
function isVerified({ rejectUnauthorized }) {
  if (rejectUnauthorized !== undefined) {
    if (!rejectUnauthorized) warnOnce(UNVERIFIED_BY_OPTION);
    return rejectUnauthorized;
  }
  // https://nodejs.org/api/cli.html#node_tls_reject_unauthorizedvalue; may be set at any time.
  if (process.env.NODE_TLS_REJECT_UNAUTHORIZED !== '0') return true;
  warnOnce(UNVERIFIED_BY_ENVIRONMENT);
  return false;
}

const UNVERIFIED_BY_OPTION =
  'The option rejectUnauthorized: false makes TLS connections insecure by disabling certificate verification. ' +
  'To trust a certificate of your own, give it as the option ca.';

const UNVERIFIED_BY_ENVIRONMENT =
  "Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable to '0' makes TLS connections insecure by disabling " +
  'certificate verification.';

/** @param {string} text */
function warnOnce(text) {
  if (warned.has(text)) return;
  warned.add(text);
  process.emitWarning(text);
}

/** https://nodejs.org/api/cli.html#--use-system-ca, and OpenSSL's own variables for that store. */
function readsSystemCa() {
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
exports.isVerified = isVerified;
