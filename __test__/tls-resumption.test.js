// Sessions of TLS: whoever has been connected before has a shorter handshake, but only where it is as safe.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { TLSSocket } from '../index.js';

import { run } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { listen } from './helpers/peer.js';
import { outcome, rejection } from './helpers/settle.js';
import { VERSIONS, ca, only, secure } from './helpers/tls-peer.js';
import { pem } from './helpers/tls-server.js';

/** A listener whose peers share their sessions, and a way to look at one connection. */
async function listenWithSessions(t, options) {
  const listener = await listen(t);
  const server = { ALPNProtocols: ['winter'], ticketKeys: randomBytes(48), ...options };
  /** Whether the next connection continued an earlier one. */
  const accept = async () => {
    const peer = await secure(await listener.accept(), server);
    await peer.send('hello');
    await peer.end();
    return { isReused: peer.raw.isSessionReused(), peer };
  };
  /** Opens and reads a connection to its end; whether it continued an earlier one. */
  const isResumed = async (binding, address = listener.address, options = undefined) => {
    const socket = binding.connect(address, options);
    const [{ isReused }, text] = await Promise.all([accept(), new Response(socket.readable).text()]);
    assert.equal(text, 'hello');
    await socket.closed;
    return isReused;
  };
  return { listener, accept, isResumed };
}

for (const version of VERSIONS) {
  test(`the connections of a binding resume the first one, in ${version}`, { timeout }, async (t) => {
    const { isResumed } = await listenWithSessions(t, only(version));
    const binding = new TLSSocket({ ca });
    assert.equal(await isResumed(binding), false);
    // Node's servers hand out two tickets of TLS 1.3, each of which is used once.
    for (let i = 0; i < 2; i++) assert.equal(await isResumed(binding), true);
  });

  test(`two bindings do not share their sessions, in ${version}`, { timeout }, async (t) => {
    const { isResumed } = await listenWithSessions(t, only(version));
    const first = new TLSSocket({ ca });
    assert.equal(await isResumed(first), false);
    for (const settings of [
      { servername: 'localhost' },
      { ca: [ca, pem('self-signed-ca.pem')] },
      { ALPNProtocols: ['winter'] },
      { cert: pem('client-p256.pem'), key: pem('p256.key') },
    ]) {
      assert.equal(await isResumed(new TLSSocket({ ca, ...settings })), false, Object.keys(settings).join());
    }
    assert.equal(await isResumed(first), true);
  });

  test(`a session is not resumed for another name, in ${version}`, { timeout }, async (t) => {
    const { listener, isResumed } = await listenWithSessions(t, only(version));
    const binding = new TLSSocket({ ca });
    const options = { sni: 'localhost' };
    assert.equal(await isResumed(binding, listener.address), false);
    assert.equal(await isResumed(binding, listener.address, options), false);
    assert.equal(await isResumed(binding, listener.address), true);
    assert.equal(await isResumed(binding, listener.address, options), true);
  });

  test(`a connection that resumes negotiates a protocol, in ${version}`, { timeout }, async (t) => {
    const { listener, accept } = await listenWithSessions(t, only(version));
    const binding = new TLSSocket({ ca, alpn: ['winter'] });
    for (const expected of [false, true]) {
      const socket = binding.connect(listener.address);
      const [{ isReused }, { alpn }] = await Promise.all([accept(), socket.opened]);
      assert.deepEqual({ isReused, alpn }, { isReused: expected, alpn: 'winter' });
      await new Response(socket.readable).text();
      await socket.closed;
    }
  });

  test(`an upgrade resumes the upgrade before it, in ${version}`, { timeout }, async (t) => {
    const { isResumed } = await listenWithSessions(t, only(version));
    const binding = new TLSSocket({ ca });
    const upgrading = {
      connect: (address) => binding.connect(address, { secureTransport: 'starttls' }).startTls(),
    };
    assert.equal(await isResumed(upgrading), false);
    assert.equal(await isResumed(upgrading), true);
  });

  test(`what was not verified is not resumed where it would be, in ${version}`, { timeout }, async (t) => {
    const { listener, accept } = await listenWithSessions(t, only(version));
    // In a process of its own, because of the warning.
    const main = async ({ TLSSocket }, address) => {
      const open = async (binding) => {
        const socket = binding.connect(address);
        await new Response(socket.readable).text();
        await socket.opened.then(
          () => console.log('opened'),
          ({ code }) => console.log(code),
        );
      };
      const careless = new TLSSocket({ rejectUnauthorized: false });
      await open(careless);
      await open(new TLSSocket({}));
      await open(careless);
    };
    const child = run(t, main, { args: [listener.address], flags: ['--no-warnings'] });
    const [first, careful, last] = [
      await outcome(accept()),
      await outcome(accept()),
      await outcome(accept()),
    ];
    const { stdout } = await child;
    assert.equal(stdout, 'opened\nUNABLE_TO_VERIFY_LEAF_SIGNATURE\nopened\n');
    assert.deepEqual([first.value.isReused, last.value.isReused], [false, true]);
    assert.match(careful.error.code, /_ALERT_/);
  });
}

test('a server that has forgotten its sessions is connected to all the same', { timeout }, async (t) => {
  const listener = await listen(t);
  const binding = new TLSSocket({ ca });
  for (let i = 0; i < 3; i++) {
    const socket = binding.connect(listener.address);
    const peer = await secure(await listener.accept());
    assert.equal(peer.raw.isSessionReused(), false);
    await peer.send('hello');
    await peer.end();
    assert.equal(await new Response(socket.readable).text(), 'hello');
  }
});

test('a name that fails does not spoil the sessions of the others', { timeout }, async (t) => {
  const { listener, accept, isResumed } = await listenWithSessions(t);
  const binding = new TLSSocket({ ca });
  assert.equal(await isResumed(binding), false);
  const failing = binding.connect(listener.address, { sni: 'other.test' });
  const [error] = await Promise.all([rejection(failing.opened), outcome(accept())]);
  assert.equal(error.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
  assert.equal(await isResumed(binding), true);
});
