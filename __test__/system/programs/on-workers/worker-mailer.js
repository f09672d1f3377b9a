// `worker-mailer`, with an SMTP server. For TLS it trusts what the environment says.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';

import { LogLevel, WorkerMailer } from 'worker-mailer';

import { refusedPort } from '../../../helpers/refused-port.js';
import { REFUSED, credentials, startMailServer } from '../../helpers/mail-server.js';
import { forbidNodeSockets } from '../../helpers/only-our-sockets.js';

const options = { timeout: 120_000 };
const mail = {
  from: 'north@winter.test',
  to: ['south@winter.test', 'west@winter.test'],
  subject: 'Snow',
  text: 'Much.',
};

let refused = 0;

before(async () => {
  refused = await refusedPort({ after });
  forbidNodeSockets();
});

for (const [transport, how] of /** @type {const} */ ([
  ['plain', { secure: false, startTls: false }],
  ['STARTTLS', { secure: false, startTls: true }],
  ['implicit TLS', { secure: true }],
])) {
  const settings = ({ host, port }) => ({
    host,
    port,
    ...how,
    credentials,
    authType: 'plain',
    logLevel: LogLevel.NONE,
  });

  describe(`worker-mailer, ${transport}`, () => {
    test('sends a mail with an attachment of 10 MB', options, async (t) => {
      const server = await startMailServer(t, transport);
      const content = randomBytes(10e6).toString('base64');
      const attachments = [{ filename: 'snow.bin', content }];
      await WorkerMailer.send(settings(server), { ...mail, attachments });
      const [{ text, ...envelope }] = server.mails;
      assert.deepEqual(envelope, {
        from: mail.from,
        to: mail.to,
        secure: transport !== 'plain',
        user: 'winter',
      });
      assert.ok(partOf(text, 'snow.bin') === content, 'the attachment has changed');
    });

    test('sends one mail after the other', options, async (t) => {
      const server = await startMailServer(t, transport);
      const mailer = await WorkerMailer.connect(settings(server));
      const subjects = Array.from({ length: 50 }, (_, i) => `Snow ${i}`);
      await Promise.all(subjects.map((subject) => mailer.send({ ...mail, subject })));
      await mailer.close();
      assert.deepEqual(
        server.mails.map(({ text }) => /^Subject: (.*)\r$/m.exec(text)[1]),
        subjects,
      );
    });

    for (const authType of /** @type {const} */ (['plain', 'login'])) {
      test(
        `logs in by AUTH ${authType.toUpperCase()}, and is told when the password is wrong`,
        options,
        async (t) => {
          const server = await startMailServer(t, transport, { authMethods: [authType.toUpperCase()] });
          await WorkerMailer.send({ ...settings(server), authType }, mail);
          assert.equal(server.mails[0].user, 'winter');
          const wrong = {
            ...settings(server),
            authType,
            credentials: { username: 'winter', password: 'wrong' },
          };
          await assert.rejects(WorkerMailer.connect(wrong), { message: /535 .*who are you\?/ });
        },
      );
    }

    test('is told that a recipient is refused, and goes on', options, async (t) => {
      const server = await startMailServer(t, transport);
      const mailer = await WorkerMailer.connect(settings(server));
      const refused = mailer.send({ ...mail, to: [...mail.to, REFUSED] });
      await assert.rejects(refused, { message: /550 .*nobody of that name/ });
      await mailer.send(mail);
      await mailer.close();
      assert.deepEqual(
        server.mails.map(({ to }) => to),
        [mail.to],
      );
    });

    if (transport !== 'plain') {
      test('refuses a certificate that it has no reason to trust', options, async (t) => {
        const server = await startMailServer(t, transport, { certificate: 'self-signed' });
        await assert.rejects(WorkerMailer.send(settings(server), mail), {
          code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
        });
        assert.deepEqual(server.mails, []);
      });

      test('refuses a certificate of another name', options, async (t) => {
        const server = await startMailServer(t, transport, { certificate: 'wrong-host' });
        await assert.rejects(WorkerMailer.send(settings(server), mail), {
          code: 'ERR_TLS_CERT_ALTNAME_INVALID',
        });
        assert.deepEqual(server.mails, []);
      });
    }

    test('is told that nobody listens', options, async () => {
      const nowhere = { host: '127.0.0.1', port: refused };
      await assert.rejects(WorkerMailer.connect(settings(nowhere)), { code: 'ECONNREFUSED' });
    });
  });
}

test('worker-mailer: node:net connects to nothing here', options, () => {
  assert.throws(() => net.connect(25, '127.0.0.1'), /node:net was asked to connect/);
});

/** The content of an attachment, in base64. */
function partOf(text, filename) {
  const head = text.indexOf(`filename="${filename}"`);
  const start = text.indexOf('\r\n\r\n', head);
  return text.slice(start, text.indexOf('--', start)).replaceAll('\r\n', '');
}
