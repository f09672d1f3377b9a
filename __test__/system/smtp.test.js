// Mail, with an SMTP server that offers STARTTLS.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { SMTPServer } from 'smtp-server';

import { connect } from '../../index.js';
import { VERSIONS, ca, only } from '../helpers/tls-peer.js';
import { pem } from '../helpers/tls-server.js';

const options = { timeout: 120_000 };

/**
 * Starts a server that takes every mail of those who use TLS.
 *
 * @param {import('node:test').TestContext} t
 * @param {object} [settings]
 */
async function startServer(t, settings) {
  /** @type {{ from: string, to: string[], text: string, version: string }[]} */
  const mails = [];
  const server = new SMTPServer({
    cert: pem('p256.pem'),
    key: pem('p256.key'),
    authOptional: true,
    disableReverseLookup: true,
    ...settings,
    onMailFrom(_, { secure }, callback) {
      callback(secure ? undefined : Object.assign(new Error('TLS first'), { responseCode: 530 }));
    },
    onData(stream, { envelope, tlsOptions }, callback) {
      const chunks = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push({
          from: envelope.mailFrom.address,
          to: envelope.rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString('latin1'),
          version: tlsOptions.version,
        });
        callback(undefined, 'taken');
      });
    },
  });
  // What clients that don't like the certificate leave behind.
  server.on('error', () => {});
  const { server: listener } = server;
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(() => new Promise((resolve) => server.close(resolve)));
  return { address: `127.0.0.1:${listener.address().port}`, mails };
}

/** One side of the conversation. */
class SmtpClient {
  #text = '';

  /** @param {import('../../index.js').Socket} socket */
  constructor(socket) {
    this.socket = socket;
    // The locks are never given back.
    this.writer = socket.writable.getWriter();
    this.reader = socket.readable.getReader();
  }

  /** Sends a command, and gives the answer. */
  async ask(command) {
    await this.writer.write(`${command}\r\n`);
    return this.answer();
  }

  /** The next answer, which has a line with a hyphen for all but its last line. */
  async answer() {
    for (;;) {
      const [answer] = /^(\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(this.#text) ?? [];
      if (answer !== undefined) {
        this.#text = this.#text.slice(answer.length);
        return answer;
      }
      const { value, done } = await this.reader.read();
      if (done) throw new Error(`the server ended after ${JSON.stringify(this.#text)}`);
      this.#text += Buffer.from(value).toString('latin1');
    }
  }

  /** Greets, and upgrades the connection. */
  static async begin(address, tls) {
    const plain = new SmtpClient(connect(address, { secureTransport: 'starttls' }));
    assert.match(await plain.answer(), /^220 /);
    assert.match(await plain.ask('EHLO client.test'), /^250[- ]STARTTLS\r$/m);
    assert.match(await plain.ask('STARTTLS'), /^220 /);
    return new SmtpClient(plain.socket.startTls({ ca, expectedServerHostname: 'localhost', ...tls }));
  }

  async send({ from, to, text }) {
    assert.match(await this.ask(`MAIL FROM:<${from}>`), /^250 /);
    for (const address of to) assert.match(await this.ask(`RCPT TO:<${address}>`), /^250 /);
    assert.match(await this.ask('DATA'), /^354 /);
    // A line that begins with a dot gets another one.
    await this.writer.write(text.replaceAll(/^\./gm, '..'));
    assert.match(await this.ask('.'), /^250 .*taken/);
  }

  /** Says goodbye; the server ends the connection. */
  async quit() {
    assert.match(await this.ask('QUIT'), /^221 /);
    assert.equal((await this.reader.read()).done, true);
    await this.socket.closed;
  }
}

const envelope = { from: 'north@winter.test', to: ['south@winter.test', 'west@winter.test'] };

for (const version of VERSIONS) {
  test(`mails are delivered after STARTTLS, in ${version}`, options, async (t) => {
    const { address, mails } = await startServer(t);
    const client = await SmtpClient.begin(address, only(version));
    assert.doesNotMatch(await client.ask('EHLO client.test'), /STARTTLS/);
    const texts = ['Subject: Snow\r\n\r\nA lot of it.\r\n', 'Subject: Dots\r\n\r\n.\r\n..\r\n.hidden\r\n'];
    for (const text of texts) await client.send({ ...envelope, text });
    await client.quit();
    assert.deepEqual(
      mails.map(({ version, ...mail }) => ({ ...mail, version: version.replace('/', '') })),
      texts.map((text) => ({ ...envelope, text, version })),
    );
  });
}

test('a mail of 5 MiB arrives unchanged', options, async (t) => {
  const { address, mails } = await startServer(t);
  const client = await SmtpClient.begin(address);
  await client.ask('EHLO client.test');
  const lines = randomBytes(4 << 20)
    .toString('base64')
    .match(/.{1,76}/g);
  const text = `Subject: Large\r\n\r\n${lines.join('\r\n')}\r\n`;
  await client.send({ ...envelope, text });
  await client.quit();
  assert.equal(hash(mails[0].text), hash(text));
});

test('without STARTTLS no mail is taken', options, async (t) => {
  const { address, mails } = await startServer(t);
  const client = new SmtpClient(connect(address));
  await client.answer();
  await client.ask('EHLO client.test');
  assert.match(await client.ask('MAIL FROM:<north@winter.test>'), /^530 /);
  await client.socket.close();
  assert.equal(mails.length, 0);
});

test('commands are taken without waiting for their answers', options, async (t) => {
  const { address, mails } = await startServer(t);
  const client = await SmtpClient.begin(address);
  // Not even for the handshake.
  const commands = [
    'EHLO client.test',
    'MAIL FROM:<north@winter.test>',
    'RCPT TO:<south@winter.test>',
    'DATA',
  ];
  await client.writer.write(commands.map((command) => `${command}\r\n`).join(''));
  for (const code of [250, 250, 250, 354]) assert.match(await client.answer(), new RegExp(`^${code}`));
  assert.match(await client.ask('Subject: Haste\r\n\r\n.'), /^250 /);
  await client.quit();
  assert.equal(mails.length, 1);
});

test('ten mails are sent on ten connections at the same time', options, async (t) => {
  const { address, mails } = await startServer(t);
  await Promise.all(
    Array.from({ length: 10 }, async (_, i) => {
      const client = await SmtpClient.begin(address);
      await client.ask('EHLO client.test');
      await client.send({ ...envelope, text: `Subject: ${i}\r\n\r\n` });
      await client.quit();
    }),
  );
  const subjects = mails.map(({ text }) => text.trim()).sort();
  assert.deepEqual(
    subjects,
    Array.from({ length: 10 }, (_, i) => `Subject: ${i}`),
  );
});

test('a client that expects another name does not send its mail', options, async (t) => {
  const { address, mails } = await startServer(t);
  const client = await SmtpClient.begin(address, { expectedServerHostname: 'mail.winter.test' });
  await assert.rejects(client.ask('EHLO client.test'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  await assert.rejects(client.socket.opened, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  assert.equal(mails.length, 0);
});

const hash = (text) => createHash('sha256').update(text).digest('hex');
