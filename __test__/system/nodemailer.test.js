// nodemailer, given a Duplex over our socket as its connection.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { createTransport } from 'nodemailer';

import { SocketError, TLSSocket, connect, toDuplex } from '../../index.js';
import { ca } from '../helpers/tls-peer.js';
import { REFUSED, credentials, startMailServer } from './helpers/mail-server.js';
import { refusedPort } from '../helpers/refused-port.js';

const options = { timeout: 120_000 };
const auth = { user: credentials.username, pass: credentials.password };
const letter = {
  from: 'north@winter.test',
  to: 'south@winter.test',
  subject: 'Snow',
  text: 'A lot of it.',
};

/** How nodemailer is told to talk to each kind of server, and who does TLS. */
const ways = {
  'plain text': { server: 'plain', settings: { ignoreTLS: true }, open: connect },
  'STARTTLS by nodemailer': {
    server: 'STARTTLS',
    settings: { requireTLS: true, tls: { ca } },
    open: connect,
  },
  'implicit TLS by nodemailer': {
    server: 'implicit TLS',
    settings: { secure: true, tls: { ca } },
    open: connect,
  },
  'implicit TLS by the socket': {
    server: 'implicit TLS',
    settings: { secure: true },
    open: (address) => new TLSSocket({ ca }).connect(address),
    isSecured: true,
  },
};

/** A transport whose connections are made by `open`. */
function mailer({ host, port }, { settings, open, isSecured = false }, more) {
  return createTransport({
    host,
    port,
    auth,
    ...settings,
    getSocket(_, callback) {
      callback(null, { connection: toDuplex(open({ hostname: host, port })), secured: isSecured });
    },
    ...more,
  });
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

for (const [name, way] of Object.entries(ways)) {
  const isSecure = name !== 'plain text';

  test(`a mail is sent after a login, over ${name}`, options, async (t) => {
    const server = await startMailServer(t, way.server);
    const info = await mailer(server, way).sendMail(letter);
    assert.deepEqual(info.accepted, [letter.to]);
    const [mail] = server.mails;
    assert.deepEqual(
      { ...mail, text: undefined },
      { from: letter.from, to: [letter.to], text: undefined, secure: isSecure, user: auth.user },
    );
    assert.match(mail.text, /^Subject: Snow\r$/m);
    assert.match(mail.text, /A lot of it\./);
  });

  test(`an attachment of 10 MiB arrives unchanged, over ${name}`, options, async (t) => {
    const server = await startMailServer(t, way.server);
    const content = randomBytes(10 << 20);
    await mailer(server, way).sendMail({ ...letter, attachments: [{ filename: 'snow.bin', content }] });
    const [, body] = /filename=snow\.bin\r\n\r\n([A-Za-z0-9+/=\r\n]+)\r\n--/.exec(server.mails[0].text);
    assert.equal(sha256(Buffer.from(body, 'base64')), sha256(content));
  });

  test(`a wrong password is refused, over ${name}`, options, async (t) => {
    const server = await startMailServer(t, way.server);
    const sending = mailer(server, way, { auth: { ...auth, pass: 'wrong' } }).sendMail(letter);
    await assert.rejects(sending, { code: 'EAUTH', responseCode: 535 });
    assert.equal(server.mails.length, 0);
  });

  test(`a recipient that the server refuses is named, over ${name}`, options, async (t) => {
    const server = await startMailServer(t, way.server);
    const info = await mailer(server, way).sendMail({ ...letter, to: [letter.to, REFUSED] });
    assert.deepEqual([info.accepted, info.rejected], [[letter.to], [REFUSED]]);
    const sending = mailer(server, way).sendMail({ ...letter, to: REFUSED });
    await assert.rejects(sending, { code: 'EENVELOPE', responseCode: 550 });
    assert.equal(server.mails.length, 1);
  });

  test(`a pool sends 30 mails on 3 connections, over ${name}`, options, async (t) => {
    const server = await startMailServer(t, way.server);
    const pool = mailer(server, way, { pool: true, maxConnections: 3 });
    t.after(() => pool.close());
    await Promise.all(
      Array.from({ length: 30 }, (_, i) => pool.sendMail({ ...letter, subject: `Flake ${i}` })),
    );
    const subjects = server.mails.map(({ text }) => Number(/^Subject: Flake (\d+)\r$/m.exec(text)[1]));
    assert.deepEqual(
      subjects.sort((a, b) => a - b),
      Array.from({ length: 30 }, (_, i) => i),
    );
  });
}

for (const name of ['STARTTLS by nodemailer', 'implicit TLS by nodemailer', 'implicit TLS by the socket']) {
  const way = ways[name];
  const open = (address) => connect(address, { secureTransport: 'on' });
  // Without the authority, by whoever does TLS.
  const trusting = { ...way, settings: { ...way.settings, tls: {} }, ...(way.isSecured && { open }) };

  test(`a certificate that is not trusted is refused, over ${name}`, options, async (t) => {
    const server = await startMailServer(t, way.server);
    await assert.rejects(mailer(server, trusting).sendMail(letter), /verify the first certificate|issuer/);
    assert.equal(server.mails.length, 0);
  });

  test(`a certificate of another host is refused, over ${name}`, options, async (t) => {
    const server = await startMailServer(t, way.server, { certificate: 'wrong-host' });
    await assert.rejects(mailer(server, way).sendMail(letter), /altnames|not valid for/i);
    assert.equal(server.mails.length, 0);
  });
}

test('a connection that is refused fails the mail', options, async (t) => {
  const server = { host: '127.0.0.1', port: await refusedPort(t) };
  const sending = mailer(server, ways['plain text']).sendMail(letter);
  await assert.rejects(sending, (error) => error instanceof SocketError && /refused/.test(error.message));
});
