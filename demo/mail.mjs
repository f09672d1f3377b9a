// A mail server that speaks as much SMTP as STARTTLS needs.

import { createInterface } from 'node:readline';
import { TLSSocket } from 'node:tls';

import { identity } from './certificates.mjs';

/** @param {import('node:net').Socket} client */
export async function takeMail(client) {
  // A client may be gone before it is answered.
  client.on('error', () => {});
  client.write('220 mail.localhost\r\n');
  if ((await converse(client, ['250-mail.localhost', '250 STARTTLS'])) !== 'STARTTLS') return;

  // The client waits for this line, so what comes from here on belongs to the handshake.
  client.write('220 go ahead\r\n');
  const secured = new TLSSocket(client, { ...identity, isServer: true });
  secured.on('error', () => {});
  await converse(secured, ['250 mail.localhost']);
}

/**
 * Answers EHLO, up to a STARTTLS or the QUIT that ends the connection.
 *
 * @param {import('node:net').Socket} client
 * @param {string[]} greeting
 * @returns {Promise<string | undefined>} What ended it.
 */
async function converse(client, greeting) {
  for await (const line of createInterface({ input: client })) {
    if (line.startsWith('EHLO')) client.write(`${greeting.join('\r\n')}\r\n`);
    else if (line === 'QUIT') client.end('221 goodbye\r\n');
    else if (line === 'STARTTLS') return line;
    else client.write('502 not here\r\n');
  }
  return undefined;
}
