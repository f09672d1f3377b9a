// An SMTP server that takes mails from those who log in, and keeps them.

import { once } from 'node:events';

import { SMTPServer } from 'smtp-server';

import { pem } from '../../helpers/tls-server.js';

export const credentials = { username: 'winter', password: 'sesame' };

/** The one recipient that it refuses. */
export const REFUSED = 'nobody@winter.test';

/** How the server has its connections secured. */
const transports = {
  plain: { hideSTARTTLS: true, allowInsecureAuth: true },
  STARTTLS: {},
  'implicit TLS': { secure: true },
};

/** @typedef {keyof typeof transports} Transport */

/**
 * Starts a server, until the test ends.
 *
 * @param {import('node:test').TestContext} t
 * @param {Transport} transport
 * @param {{ certificate?: string, authMethods?: string[] }} [settings] The name of the certificate in
 *   `../../fixtures/tls`, whose key is p256.key; the ways to log in that it offers.
 */
export async function startMailServer(
  t,
  transport,
  { certificate = 'p256', authMethods = ['PLAIN', 'LOGIN'] } = {},
) {
  /** @type {Mail[]} */
  const mails = [];
  const server = new SMTPServer({
    ...transports[transport],
    cert: pem(`${certificate}.pem`),
    key: pem('p256.key'),
    authMethods,
    disableReverseLookup: true,
    // Clients that fail are in no hurry to leave.
    closeTimeout: 1,
    onAuth({ username, password }, _, callback) {
      const isKnown = username === credentials.username && password === credentials.password;
      if (isKnown) callback(null, { user: username });
      else callback(new Error('who are you?'));
    },
    onRcptTo({ address }, _, callback) {
      if (address === REFUSED) callback(new Error('nobody of that name'));
      else callback();
    },
    onData(stream, { envelope, secure, user }, callback) {
      const chunks = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push({
          from: envelope.mailFrom === false ? '' : envelope.mailFrom.address,
          to: envelope.rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString('latin1'),
          secure,
          user,
        });
        callback();
      });
    },
  });
  // What clients that don't like the certificate leave behind.
  server.on('error', () => {});
  const listener = server.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(() => new Promise((resolve) => server.close(resolve)));
  return { host: '127.0.0.1', port: listener.address().port, mails };
}

/**
 * @typedef {object} Mail
 * @property {string} from
 * @property {string[]} to
 * @property {string} text
 * @property {boolean} secure Whether it came over TLS.
 * @property {unknown} user Who had logged in.
 */
