// What a bug in the native code does: nothing but fail the socket concerned. A build for these tests has bugs on demand.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { root, run } from '../helpers/child.js';
import { timeout } from '../helpers/deadline.js';
import { listen } from '../helpers/peer.js';
import { ca, secure } from '../helpers/tls-peer.js';
import { environment } from './helpers/daemon.js';

const hasCargo = spawnSync('cargo', ['--version']).status === 0;
const skip = !hasCargo && 'cargo is not installed (https://rustup.rs)';

const { prefix, suffix } = {
  win32: { prefix: '', suffix: '.dll' },
  darwin: { prefix: 'lib', suffix: '.dylib' },
}[process.platform] ?? { prefix: 'lib', suffix: '.so' };

/** Uses a socket, and then another one; prints what became of every promise of the first. */
const main = async ({ TLSSocket, connect }, address, { isNamed, isSecure, ca }) => {
  for (const name of ['unhandledRejection', 'uncaughtException']) {
    process.on(name, (error) => console.log(`${name}: ${error.message}`));
  }
  const use = async () => {
    const target = isNamed ? address.replace('127.0.0.1', 'localhost') : address;
    const socket = isSecure ? new TLSSocket({ ca }).connect(target) : connect(target);
    const [reader, writer] = [socket.readable.getReader(), socket.writable.getWriter()];
    const operations = {
      opened: socket.opened,
      // The second one of a turn is gathered.
      writes: Promise.all([writer.write('hel'), writer.write('lo')]),
      read: reader.read(),
    };
    const settled = await Promise.allSettled(Object.values(operations));
    const end = await Promise.allSettled([writer.close(), writer.closed, socket.close()]);
    return [...settled, ...end].map(({ reason }) => reason?.code).filter((code) => code !== undefined);
  };
  console.log(JSON.stringify([await use(), await use()]));
};

describe('a panic', { skip, timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'winter-sockets-panics-'));
  const addon = join(folder, 'winter-sockets.node');
  after(() => rmSync(folder, { recursive: true, force: true }));

  before(() => {
    execFileSync('cargo', ['build', '--quiet', '--locked', '--features', 'inject-panics'], {
      cwd: root,
      env: environment,
      stdio: 'inherit',
    });
    copyFileSync(join(root, 'target', 'debug', `${prefix}winter_sockets${suffix}`), addon);
  });

  /** @type {Record<string, { isNamed?: boolean, isSecure?: boolean }>} */
  const places = {
    connect: {},
    dial: { isNamed: true },
    dialed: { isNamed: true },
    handshake: { isSecure: true },
    send: {},
    recv: {},
    readable: {},
    flush: {},
    shutdown: {},
  };
  for (const [place, options] of Object.entries(places)) {
    test(`at "${place}" fails its socket, and the next one works`, { timeout }, async (t) => {
      const listener = await listen(t);
      (async () => {
        for (;;) {
          const peer = await listener.accept();
          if (options.isSecure)
            secure(peer).then(
              (secured) => secured.echo(),
              () => {},
            );
          else peer.echo();
        }
      })();
      const env = { NAPI_RS_NATIVE_LIBRARY_PATH: addon, WINTER_SOCKETS_PANIC: place };
      const { code, stdout, stderr } = await run(t, main, {
        env,
        args: [listener.address, { ...options, ca }],
      });
      assert.equal(code, 0, stderr);
      // What Rust itself has to say of it.
      assert.match(stderr, new RegExp(`injected at ${place}`));
      const [first, second] = JSON.parse(stdout);
      assert.ok(first.includes('ERR_INTERNAL'), stdout);
      // A writer that has failed can't be closed; that is the stream's own error.
      assert.ok(
        first.every((each) => each === 'ERR_INTERNAL' || each === 'ERR_INVALID_STATE'),
        stdout,
      );
      assert.deepEqual(second, []);
    });
  }
});

test('a published build has no panics on demand', { timeout }, async (t) => {
  const listener = await listen(t);
  (async () => {
    for (;;) (await listener.accept()).echo();
  })();
  const env = { WINTER_SOCKETS_PANIC: 'send' };
  const { stdout, stderr } = await run(t, main, { env, args: [listener.address, {}] });
  assert.deepEqual([stdout, stderr], ['[[],[]]\n', '']);
});
