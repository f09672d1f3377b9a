// What a program pays that imports the package and has no socket yet. Time depends on the machine, and what is loaded does
// not.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { root } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';

const WAYS = { import: `await import('winter-sockets')`, require: `require('winter-sockets')` };

/** The parts of Node that take longest to load, by their internal names. */
const COSTLY = ['crypto', 'internal/webstreams/readablestream', 'net', 'stream', 'tls'];

/** Notes what is loaded, and tells in the end: to print would load some of it. */
const PRELUDE = `
  import { createRequire } from 'node:module';
  const require = createRequire(process.cwd() + '/main.js');
  const notes = [];
  const ofNode = () => ${JSON.stringify(COSTLY)}.filter((name) => process.moduleLoadList.includes('NativeModule ' + name));
  const ofUs = () => Object.keys(require.cache).map((file) => file.slice(process.cwd().length + 1).replaceAll('\\\\', '/'));
  const note = () => notes.push({ ofNode: ofNode(), ofUs: ofUs().sort() });
  process.on('exit', () => console.log(JSON.stringify(notes)));
`;

/** Runs a program, and gives its notes. */
async function notesOf(program, cwd = root) {
  const args = ['--input-type=module', '--eval', PRELUDE + program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd });
  return JSON.parse(stdout);
}

for (const [way, load] of Object.entries(WAYS)) {
  test(`nothing is loaded that only a socket needs: ${way}`, { timeout }, async () => {
    const [bare, imported] = await notesOf(`note(); ${load}; note();`);
    assert.deepEqual(bare, { ofNode: [], ofUs: [] });
    assert.deepEqual(imported.ofNode, []);
    assert.deepEqual(imported.ofUs, [
      'index.js',
      'lib/binding-object.js',
      'lib/connect.js',
      'lib/errors.js',
      'lib/native.js',
      'lib/socket.js',
      'lib/timing.js',
    ]);
  });
}

test('the first socket loads the rest, but neither a bridge nor crypto', { timeout }, async () => {
  const [{ ofNode, ofUs }] = await notesOf(`
    const { connect } = ${WAYS.import};
    const socket = connect('127.0.0.1:1');
    socket.opened.catch(() => {});
    note();
    await socket.close();
  `);
  assert.deepEqual(ofNode, ['internal/webstreams/readablestream', 'net', 'stream']);
  assert.ok(ofUs.includes('native/binding.js'));
  assert.ok(!ofUs.some((file) => file.includes('duplex')));
});

test('crypto is loaded for a key that is encrypted, and for no other', { timeout }, async () => {
  const [plain, encrypted] = await notesOf(`
    import { readFileSync } from 'node:fs';
    const { TLSSocket } = ${WAYS.import};
    const read = (name) => readFileSync('__test__/fixtures/tls/' + name, 'utf8');
    new TLSSocket({ cert: read('p256.pem'), key: read('p256.key') });
    note();
    try { new TLSSocket({ cert: read('p256.pem'), key: 'ENCRYPTED', passphrase: 'wrong' }); } catch {}
    note();
  `);
  assert.ok(!plain.ofNode.includes('crypto'));
  assert.ok(encrypted.ofNode.includes('crypto'));
});

test(
  'a binary that is there and can not be loaded is told of by the first socket',
  { timeout },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'winter-sockets-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    for (const name of ['package.json', 'index.js', 'lib', 'native/binding.js']) {
      cpSync(join(root, name), join(folder, name), { recursive: true });
    }
    for (const name of readdirSync(join(root, 'native')).filter((file) => file.endsWith('.node'))) {
      writeFileSync(join(folder, 'native', name), 'nothing of the kind');
    }
    const notes = await notesOf(
      `
    const { connect, TLSSocket } = ${WAYS.import};
    for (const begin of [() => connect('127.0.0.1:1'), () => connect('127.0.0.1:1'), () => new TLSSocket()]) {
      try { begin(); notes.push('no error'); } catch ({ code }) { notes.push(code); }
    }
    `,
      folder,
    );
    assert.deepEqual(notes, ['ERR_DLOPEN_FAILED', 'ERR_DLOPEN_FAILED', 'ERR_DLOPEN_FAILED']);
  },
);
