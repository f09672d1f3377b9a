// KeyUpdate of TLS 1.3: both sides may change their keys at any time. Node's servers never do; `openssl s_server` does when
// it is told to.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

import { TLSSocket } from '../../index.js';
import { ca } from '../helpers/tls-peer.js';
import { fixture } from '../helpers/tls-server.js';
import { find } from './helpers/daemon.js';

const { path, skip } = find('openssl', 'openssl');
const options = { skip, timeout: 120_000 };

/** Commands of `openssl s_server`: it changes its keys, and with a capital letter it asks the client to do so, too. */
const UPDATE = 'k';
const UPDATE_BOTH = 'K';

/** What it prints about the messages that it sends, and that it receives. */
const CHANGE = />>> TLS 1\.3, Handshake \[length 0005\], KeyUpdate/;
const ANSWER = /<<< TLS 1\.3, Handshake \[length 0005\], KeyUpdate/;

/**
 * Starts a server for one connection, and opens that.
 *
 * @param {import('node:test').TestContext} t
 */
async function pair(t) {
  const args = ['-naccept', '1', '-accept', '127.0.0.1:0', '-tls1_3', '-msg'];
  const child = spawn(path, ['s_server', ...args, '-cert', fixture('p256.pem'), '-key', fixture('p256.key')]);
  t.after(() => child.kill('SIGKILL'));
  child.stdin.on('error', () => {});
  child.stderr.resume();
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  /** Waits for a line that the server prints, which includes all that the client sends. */
  const find = async (pattern) => {
    for (;;) {
      const { value, done } = await lines.next();
      assert.ok(!done, `the server ended before it printed ${pattern}`);
      const match = pattern.exec(value);
      if (match) return match;
    }
  };
  const [, port] = await find(/^ACCEPT .*:(\d+)$/);
  const socket = new TLSSocket({ ca }).connect(`127.0.0.1:${port}`);
  t.after(() => socket.close());
  await socket.opened;
  // The last line of what it prints about a new connection.
  await find(/^Secure Renegotiation/);
  const reader = socket.readable.getReader();
  const writer = socket.writable.getWriter();
  return {
    /** Makes the server send a line. */
    say: (line) => child.stdin.write(`${line}\n`),
    /** Makes the server change its keys; it takes no other command at the same time. */
    async update(command) {
      child.stdin.write(`${command}\n`);
      await find(CHANGE);
    },
    find,
    writer,
    read: async () => new TextDecoder().decode((await reader.read()).value),
  };
}

for (const [title, command] of [
  ['the peer changes its keys', UPDATE],
  ['the peer changes its keys and wants ours to be changed', UPDATE_BOTH],
]) {
  test(`data goes on in both directions when ${title}`, options, async (t) => {
    const { say, update, find, read, writer } = await pair(t);
    for (let round = 0; round < 20; round++) {
      say(`down ${round}`);
      assert.equal(await read(), `down ${round}\n`);
      await update(command);
      say(`down again ${round}`);
      assert.equal(await read(), `down again ${round}\n`);
      await writer.write(`up ${round}\n`);
      await find(new RegExp(`^up ${round}$`));
    }
  });
}

test('the request for new keys is answered before the next data', options, async (t) => {
  const { say, update, find, read, writer } = await pair(t);
  const reading = read();
  // However often it is asked.
  for (let i = 0; i < 5; i++) await update(UPDATE_BOTH);
  say('go on');
  assert.equal(await reading, 'go on\n');
  await writer.write('with new keys\n');
  await find(ANSWER);
  await find(/^with new keys$/);
});

test('keys are changed in the middle of an upload', options, async (t) => {
  const { say, update, find, read, writer } = await pair(t);
  const reading = read();
  let isOver = false;
  const uploading = (async () => {
    const line = `${'winter '.repeat(1000)}\n`;
    while (!isOver) await writer.write(line);
    await writer.write('the end of it\n');
  })();
  for (let i = 0; i < 5; i++) {
    await update(UPDATE_BOTH);
    await find(ANSWER);
  }
  isOver = true;
  await find(/^the end of it$/);
  await uploading;
  say('goodbye');
  assert.equal(await reading, 'goodbye\n');
});
