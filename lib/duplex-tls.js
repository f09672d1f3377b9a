'use strict';

// TLS over a duplex. The native side speaks it on descriptors only, so that this is the business of `node:tls`.

const { isIP } = require('node:net');
const tls = require('node:tls');

const { isVerified } = require('./tls.js');
const { invalidValue } = require('./webidl.js');

/**
 * Reads the settings; what is returned begins the handshake.
 *
 * @param {string} serverName
 * @param {Readonly<import('./tls-options.js').TlsSettings>} settings
 * @returns {(duplex: import('node:stream').Duplex) => tls.TLSSocket}
 */
function prepare(serverName, settings) {
  checkSettings(settings);
  const secureContext = contextOf(settings);
  const options = {
    secureContext,
    // Verified in any case, and asked for unless it is an IP address.
    host: serverName,
    servername: isIP(serverName) ? '' : serverName,
    ...(settings.alpn !== undefined && { ALPNProtocols: [...settings.alpn] }),
    rejectUnauthorized: isVerified(settings),
  };
  return (duplex) => tls.connect({ ...options, socket: duplex });
}

/**
 * OpenSSL refuses more than the native side: signatures with SHA-1, for instance.
 *
 * @param {Readonly<import('./tls-options.js').TlsSettings>} settings
 */
function contextOf({ ca, certs, keys, minVersion, maxVersion }) {
  try {
    return tls.createSecureContext({
      minVersion,
      maxVersion,
      ...(ca.length > 0 && { ca }),
      ...(certs.length > 0 && { cert: certs, key: keys }),
    });
  } catch (cause) {
    const { message } = /** @type {Error} */ (cause);
    throw invalidValue(`the options cert, key and ca can not be used over a duplex: ${message}`, { cause });
  }
}

/**
 * Refuses what `node:tls` can't be told for a connection of its own.
 *
 * @param {Readonly<import('./tls-options.js').TlsSettings>} settings
 */
function checkSettings({ useSystemCA, keyLog }) {
  if (useSystemCA) {
    throw invalidValue(
      'the option useSystemCA is not supported over a duplex: start Node with --use-system-ca, or give the option ca',
    );
  }
  if (keyLog) {
    throw invalidValue('the option keyLog is not supported over a duplex: start Node with --tls-keylog');
  }
}

exports.prepare = prepare;
