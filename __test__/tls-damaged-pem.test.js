// Keys and certificates that were damaged on their way. What is said of them goes to logs: it must help, and quote nothing.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';

import { SocketError, TLSSocket, connect } from '../index.js';
import { pem } from './helpers/tls-server.js';

const damages = {
  'without line breaks': [(text) => text.replaceAll('\n', ''), /cut off, or without its line breaks/],
  'with spaces for line breaks': [(text) => text.replaceAll('\n', ' ').trim(), /without its line breaks/],
  'with line breaks as \\n': [
    (text) => text.replaceAll('\n', '\\n'),
    /line breaks may be lost, or be written as \\n/,
  ],
  'that is cut off': [(text) => text.slice(0, -30), /cut off/],
  'that is not base64': [(text) => text.replace('M', '!'), /not base64/],
};

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = `${privateKey.export({ type: 'pkcs8', format: 'pem' })}`;
const cert = `${pem('p256.pem')}`;

for (const [name, [damage, message]] of Object.entries(damages)) {
  for (const [option, text, others] of [
    ['key', key, { cert }],
    ['cert', cert, { key }],
    ['ca', cert, {}],
  ]) {
    test(`a PEM ${name} in the option ${option} is named, and not quoted`, () => {
      const options = { ...others, [option]: damage(text) };
      const error = thrownBy(() => new TLSSocket(options));
      assert.match(error.message, message);
      assert.match(error.message, new RegExp(`the option ${option} `));
      assertQuotesNothing(error.message, text);
      const socket = connect('127.0.0.1:1', { secureTransport: 'starttls' });
      const fromStartTls = thrownBy(() => socket.startTls(options));
      assert.equal(fromStartTls.message, error.message);
      socket.opened.catch(() => {});
      return socket.close().catch(() => {});
    });
  }
}

function thrownBy(call) {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof SocketError, `${error}`);
    assert.equal(error.code, 'ERR_INVALID_ARG_VALUE');
    return error;
  }
  throw new Error('it did not throw');
}

/** Neither as text nor as a list of numbers. */
function assertQuotesNothing(message, text) {
  const secret = text.split('\n').slice(1, -2).join('');
  for (let at = 0; at + 8 <= secret.length; at += 4) {
    const part = secret.slice(at, at + 8);
    assert.ok(!message.includes(part));
    assert.ok(!message.includes([...Buffer.from(part)].join(', ')));
  }
}
