'use strict';

// TLS over a duplex. The native side speaks it on descriptors only, so that this is the business of `node:tls`.

const { isIP } = require('node:net');
const tls = require('node:tls');

const { isVerified } = require('./tls.js');
const { invalidValue } = require('./webidl.js');

/**
 * Begins the handshake.
 *
 * @param {import('node:stream').Duplex} duplex
 * @param {string} serverName
 * @param {Readonly<import('./tls-options.js').TlsSettings>} settings
 */
function secure(duplex, serverName, settings) {
  const { ca, certs, keys, alpn, onlyVersion, connectTimeout } = settings;
  const socket = tls.connect({
    socket: duplex,
    // Verified in any case, and asked for unless it is an IP address.
    host: serverName,
    servername: isIP(serverName) ? '' : serverName,
    minVersion: onlyVersion ?? 'TLSv1.2',
    maxVersion: onlyVersion ?? 'TLSv1.3',
    ...(ca.length > 0 && { ca }),
    ...(certs.length > 0 && { cert: certs, key: keys }),
    ...(alpn !== undefined && { ALPNProtocols: [...alpn] }),
    rejectUnauthorized: isVerified(settings),
  });
  if (connectTimeout !== undefined) limit(socket, connectTimeout);
  return socket;
}

/**
 * @param {tls.TLSSocket} socket
 * @param {number} milliseconds
 */
function limit(socket, milliseconds) {
  const onTimeout = () => {
    const error = new Error(`it took longer than ${milliseconds} ms`);
    socket.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
  };
  const timer = setTimeout(onTimeout, milliseconds);
  const clear = () => clearTimeout(timer);
  socket.once('secureConnect', clear).once('close', clear);
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

exports.secure = secure;
exports.checkSettings = checkSettings;
