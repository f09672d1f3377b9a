// TLS of a socket over a Duplex.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { test } from 'node:test';

import { connect, fromDuplex, toDuplex } from '../index.js';
import { timeout } from './helpers/deadline.js';
import { listen } from './helpers/peer.js';
import { isPending, outcome, turns } from './helpers/settle.js';
import { ca, secure } from './helpers/tls-peer.js';
import { pem } from './helpers/tls-server.js';

const text = (value) => new TextDecoder().decode(value);

/** What it can be put on. */
const kinds = {
  'a net.Socket': (listener) => net.connect(listener.port, listener.host),
  'another duplex': (listener) => toDuplex(connect(listener.address)),
};

for (const [kind, open] of Object.entries(kinds)) {
  async function openPlain(t, options) {
    const listener = await listen(t);
    const duplex = open(listener);
    t.after(() => duplex.destroy());
    const plain = fromDuplex(duplex, {
      address: `localhost:${listener.port}`,
      secureTransport: 'starttls',
      ...options,
    });
    const [peer] = await Promise.all([listener.accept(), plain.opened]);
    return { plain, peer, duplex };
  }

  test(`startTls() upgrades ${kind} behind what was written`, { timeout }, async (t) => {
    const { plain, peer } = await openPlain(t);
    const writer = plain.writable.getWriter();
    writer.write('STARTTLS\n');
    const socket = plain.startTls({ ca, alpn: ['winter'] });
    assert.equal(socket.secureTransport, 'on');
    assert.equal(`${await peer.take(9)}`, 'STARTTLS\n');
    const secured = await secure(peer, { ALPNProtocols: ['winter'] });
    assert.equal((await socket.opened).alpn, 'winter');
    assert.equal(plain.upgraded, true);
    await plain.closed;
    await assert.rejects(writer.write('plain'), { code: 'ERR_SOCKET_CLOSED' });
    secured.echo();
    const bytes = randomBytes(5 << 20);
    const sending = new Blob([bytes]).stream().pipeTo(socket.writable);
    const received = [];
    for await (const chunk of socket.readable) received.push(chunk);
    await sending;
    assert.ok(Buffer.concat(received).equals(bytes));
    await socket.closed;
  });

  test(`what waits in ${kind} arrives although the new socket is closed`, { timeout }, async (t) => {
    const { plain, peer } = await openPlain(t);
    const writer = plain.writable.getWriter();
    // More than the kernels take before the peer reads it.
    const size = 50_000_000;
    const written = Promise.all([writer.write(new Uint8Array(size)), writer.write('behind')]);
    const socket = plain.startTls({ ca });
    const failed = assert.rejects(socket.opened, { code: 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION' });
    const closed = socket.close();
    const { bytes, end } = await peer.rest();
    assert.equal(bytes.length, size + 'behind'.length);
    assert.equal(end, 'FIN');
    await Promise.all([written, failed, closed, plain.closed]);
    assert.equal(plain.upgraded, false);
  });

  test(`a certificate of another name fails the upgrade of ${kind}`, { timeout }, async (t) => {
    const { plain, peer } = await openPlain(t);
    const socket = plain.startTls({ ca, expectedServerHostname: 'winter.test' });
    secure(peer).catch(() => {});
    const { error } = await outcome(socket.opened);
    assert.equal(error.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
    assert.match(error.message, /^SocketError: TLS handshake with localhost:\d+ failed: /);
    assert.deepEqual(await outcome(socket.closed), { error });
  });

  test(`a certificate that is not trusted fails the upgrade of ${kind}`, { timeout }, async (t) => {
    const { plain, peer } = await openPlain(t);
    const socket = plain.startTls();
    secure(peer).catch(() => {});
    await assert.rejects(socket.opened, { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  });

  test(`plain text that was not read fails the upgrade of ${kind}`, { timeout }, async (t) => {
    const { plain, peer, duplex } = await openPlain(t);
    await peer.send('220 go\r\n250 injected\r\n');
    while (duplex.readableLength === 0) await turns(1);
    const socket = plain.startTls({ ca });
    await assert.rejects(socket.opened, { code: 'ERR_TLS_PLAINTEXT_INJECTED' });
    assert.equal(duplex.destroyed, true);
  });

  test(`secureTransport "on" shakes hands at once, over ${kind}`, { timeout }, async (t) => {
    const listener = await listen(t);
    const socket = fromDuplex(open(listener), { address: listener.address, secureTransport: 'on' });
    assert.equal(socket.secureTransport, 'on');
    secure(await listener.accept()).catch(() => {});
    // Nobody told it of the authority.
    await assert.rejects(socket.opened, { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  });

  test(`what is written to ${kind} after startTls() is not sent`, { timeout }, async (t) => {
    for (const isOpen of [true, false]) {
      const listener = await listen(t);
      const duplex = open(listener);
      t.after(() => duplex.destroy());
      const address = `localhost:${listener.port}`;
      const plain = fromDuplex(duplex, { address, secureTransport: 'starttls' });
      if (isOpen) await plain.opened;
      const writer = plain.writable.getWriter();
      const asked = writer.write('STARTTLS\n');
      const socket = plain.startTls({ ca });
      const late = outcome(writer.write('PASSWORD'));
      const peer = await listener.accept();
      assert.equal(`${await peer.take(9)}`, 'STARTTLS\n');
      // Else this would not begin with a record.
      await secure(peer);
      await socket.opened;
      await asked;
      assert.equal((await late).error?.code, 'ERR_SOCKET_CLOSED');
    }
  });

  test(
    `what OpenSSL does not take of the options is refused by startTls() over ${kind}`,
    { timeout },
    async (t) => {
      const { plain, peer } = await openPlain(t);
      const junk = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
      const options = { ca, cert: pem('client-p256.pem') + junk, key: pem('p256.key') };
      assert.throws(() => plain.startTls(options), {
        code: 'ERR_INVALID_ARG_VALUE',
        message: /the options cert, key and ca can not be used over a duplex: /,
      });
      // Nothing has happened to it.
      const socket = plain.startTls({ ca });
      await secure(peer);
      await socket.opened;
    },
  );

  test(`connectTimeout is also for what ${kind} has to send before`, { timeout }, async (t) => {
    const { plain } = await openPlain(t);
    const write = outcome(plain.writable.getWriter().write(new Uint8Array(50_000_000)));
    const socket = plain.startTls({ ca, connectTimeout: 50 });
    await assert.rejects(socket.opened, { code: 'ETIMEDOUT', message: /not connected after 50 ms/ });
    await assert.rejects(socket.closed, { code: 'ETIMEDOUT' });
    void write;
  });

  test(`a handshake over ${kind} that gets no answer ends in time`, { timeout }, async (t) => {
    const { plain, duplex } = await openPlain(t);
    const socket = plain.startTls({ ca, connectTimeout: 50 });
    await assert.rejects(socket.opened, { code: 'ETIMEDOUT' });
    assert.equal(duplex.destroyed, true);
  });

  test(`an upgrade of ${kind} whose writable is closed behind a write fails`, { timeout }, async (t) => {
    const { plain } = await openPlain(t);
    const writer = plain.writable.getWriter();
    writer.write('x').catch(() => {});
    writer.close().catch(() => {});
    const socket = plain.startTls({ ca });
    await assert.rejects(socket.opened, { code: 'EPIPE', message: /closed or aborted before it/ });
    await plain.closed;
    assert.equal(plain.upgraded, false);
  });

  test(`close() during the handshake over ${kind} ends both`, { timeout }, async (t) => {
    const { plain, duplex } = await openPlain(t);
    const socket = plain.startTls({ ca });
    await plain.closed;
    const closed = socket.close();
    await assert.rejects(socket.opened, { code: 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION' });
    await closed;
    assert.equal(duplex.destroyed, true);
  });
}

test(
  'an upgrade waits for the duplex to connect, and close() of the new socket ends the old one',
  { timeout },
  async (t) => {
    const listener = await listen(t);
    const plain = fromDuplex(net.connect(listener.port, listener.host), {
      address: listener.address,
      secureTransport: 'starttls',
    });
    const socket = plain.startTls({ ca });
    assert.equal(await isPending(socket.opened.catch(() => {})), true);
    await socket.close();
    await assert.rejects(socket.opened, { code: 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION' });
    await plain.closed;
  },
);

test('a client certificate is shown', { timeout }, async (t) => {
  const listener = await listen(t);
  const plain = fromDuplex(net.connect(listener.port, listener.host), { secureTransport: 'starttls' });
  const socket = plain.startTls({
    ca,
    expectedServerHostname: 'localhost',
    cert: pem('client-p256.pem'),
    key: pem('p256.key'),
  });
  const peer = await listener.accept();
  const secured = await secure(peer, { ca, requestCert: true, rejectUnauthorized: true });
  await secured.send('welcome');
  assert.equal(text((await socket.readable.getReader().read()).value), 'welcome');
  await socket.close();
});

test('startTls() throws where it can not work', { timeout }, async (t) => {
  const listener = await listen(t);
  const open = (options) => fromDuplex(net.connect(listener.port, listener.host), options);
  const off = open();
  assert.throws(() => off.startTls(), { code: 'ERR_INVALID_STATE' });
  const nameless = open({ secureTransport: 'starttls' });
  assert.throws(() => nameless.startTls(), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: /can not be spoken with ""/,
  });
  const named = open({ secureTransport: 'starttls', address: 'localhost:1' });
  for (const options of [{ useSystemCA: true }, { keyLog: true }]) {
    assert.throws(() => named.startTls(options), { code: 'ERR_INVALID_ARG_VALUE', message: /over a duplex/ });
  }
  named.startTls({ ca });
  assert.throws(() => named.startTls({ ca }), { code: 'ERR_INVALID_STATE' });
  await Promise.all([off.close(), nameless.close()]);
});
