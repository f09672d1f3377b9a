// What `winter-sockets/register` leaves alone, and what it says when it can't work.

import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

import { createProject, output } from './fixtures/register/project.js';
import { root } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { listen } from './helpers/peer.js';

const REGISTER = ['--import', 'winter-sockets/register'];
/** To compare with: the loader of Node does more when there is an `--import`. */
const NOTHING = ['--import', './nothing.mjs'];

const project = createProject(
  {
    'nothing.mjs': '',
    'globals.mjs': `
    import Module from 'node:module';
    const describe = (object) => Reflect.ownKeys(object).map((key) => {
      const { value, get, set, ...flags } = Object.getOwnPropertyDescriptor(object, key);
      return [String(key), typeof value, typeof get, typeof set, flags];
    });
    console.log(JSON.stringify({
      globals: describe(globalThis),
      navigator: globalThis.navigator?.userAgent,
      process: describe(process).map(([key]) => key).toSorted(),
      environment: Object.keys(process.env).toSorted(),
      listeners: process.eventNames().map(String),
      extensions: Object.keys(Module._extensions),
    }));`,
    'resolutions.mjs': `
    import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    const outcome = (action) => {
      try { return action(); } catch ({ code, message }) { return [code, message.split('\\n')[0]]; }
    };
    const names = ${JSON.stringify([
      ...['node:net', 'net', 'node:test', 'node:nothing', './data.json', './folder'],
      ...[
        './missing.js',
        '#own',
        '#missing',
        'self/file',
        'plain',
        'plain/lib',
        'both',
        'both/sub/x',
        'both/no',
      ],
      ...['missing', '@scope/missing', '@arrowood.dev/other', 'cloudflare:workers', 'cloudflare:sockets/x'],
      ...['cloudflare', 'data:text/javascript,1', 'pg-cloudflare', 'postgres', '', '/', '..'],
    ])};
    const results = {};
    for (const name of names) {
      results[name] = [outcome(() => import.meta.resolve(name)), outcome(() => require.resolve(name))];
      results[name].push(await import(name).then((found) => Object.keys(found), ({ code }) => code));
      results[name].push(outcome(() => Object.keys(require(name))));
    }
    console.log(JSON.stringify(results));`,
    'package.json': JSON.stringify({
      name: 'self',
      type: 'module',
      imports: { '#own': './nothing.mjs' },
      exports: { './file': './nothing.mjs' },
    }),
    'data.json': '{ "a": 1 }',
    'folder/index.js': 'export const inFolder = 1;',
    'node_modules/plain/package.json': '{ "main": "lib" }',
    'node_modules/plain/lib.js': 'exports.plain = 1;',
    'node_modules/both/package.json': JSON.stringify({
      exports: {
        '.': { workerd: './workerd.js', import: './import.mjs', default: './require.js' },
        './sub/*': { workerd: './workerd.js', default: './require.js' },
      },
    }),
    'node_modules/both/workerd.js': 'exports.forWorkers = 1;',
    'node_modules/both/import.mjs': 'export const imported = 1;',
    'node_modules/both/require.js': 'exports.required = 1;',
  },
  ['pg-cloudflare', 'postgres'],
);

after(() => project.remove());

test('no global, no event listener and nothing of process changes', { timeout }, async () => {
  const plain = output(await project.node([...NOTHING, 'globals.mjs']));
  assert.match(plain, /"globals":\[\["Object"/);
  assert.deepEqual(JSON.parse(output(await project.node([...REGISTER, 'globals.mjs']))), JSON.parse(plain));
});

for (const flag of ['--import', '-r']) {
  test(`every other module is found, or not, as before: ${flag}`, { timeout }, async () => {
    const plain = JSON.parse(output(await project.node([...NOTHING, 'resolutions.mjs'])));
    assert.deepEqual(plain.both.slice(2), [['imported'], ['required']]);
    const registered = await project.node([flag, 'winter-sockets/register', 'resolutions.mjs']);
    assert.deepEqual(JSON.parse(output(registered)), plain);
  });
}

test('the package is not loaded before somebody asks for it', { timeout }, async () => {
  const program = `const before = Object.keys(require.cache).filter((file) => /[\\\\/](lib|native)[\\\\/]/.test(file));
                   require('cloudflare:sockets');
                   const loaded = Object.keys(require.cache).some((file) => /[\\\\/]lib[\\\\/]/.test(file));
                   console.log(before, loaded);`;
  assert.equal(output(await project.node([...REGISTER, '--eval', program])), '[] true\n');
});

describe('a process', () => {
  const EXITED = { code: 0, signal: null, stdout: '', stderr: '' };

  test('that registered and did nothing exits', { timeout }, async () => {
    assert.deepEqual(await project.node([...REGISTER, 'nothing.mjs']), EXITED);
    assert.deepEqual(await project.node(['-r', 'winter-sockets/register', 'nothing.mjs']), EXITED);
  });

  test('that only imported cloudflare:sockets exits', { timeout }, async () => {
    const args = [...REGISTER, '--input-type=module', '--eval', `import 'cloudflare:sockets';`];
    assert.deepEqual(await project.node(args), EXITED);
  });

  test('whose sockets are all closed exits', { timeout }, async (t) => {
    const listener = await listen(t);
    const program = `import { connect } from 'cloudflare:sockets';
                     const socket = connect('${listener.address}');
                     await socket.opened;
                     await socket.close();
                     console.log('closed');`;
    const args = [...REGISTER, '--input-type=module', '--eval', program];
    assert.deepEqual(await project.node(args), { ...EXITED, stdout: 'closed\n' });
  });
});

describe('when it can not work', () => {
  test('without the native binary, whoever asks gets the error that says so', { timeout }, async (t) => {
    const { folder, node, remove } = createProject({
      'main.mjs': `import { createRequire } from 'node:module';
                   const require = createRequire(import.meta.url);
                   const errors = [
                     await import('cloudflare:sockets').catch((error) => error),
                     (() => { try { require('cloudflare:sockets'); } catch (error) { return error; } })(),
                   ];
                   console.log(JSON.stringify(errors.map(({ code, message }) => [code, message])));`,
    });
    t.after(remove);
    const copy = join(folder, 'node_modules', 'winter-sockets');
    rmSync(copy);
    for (const name of ['package.json', 'index.js', 'lib', 'native/binding.js', 'register.js', 'register']) {
      cpSync(join(root, name), join(copy, name), { recursive: true });
    }
    for (const [code, message] of JSON.parse(output(await node([...REGISTER, 'main.mjs'])))) {
      assert.equal(code, 'ERR_DLOPEN_FAILED');
      assert.match(message, /^winter-sockets has no native binary for /);
    }
  });

  test('on a Node without hooks it says which Node it needs', { timeout }, async (t) => {
    const { node, remove } = createProject({
      'old.cjs': `const Module = require('node:module'); delete Module.register; delete Module.registerHooks;`,
      'main.mjs': '',
    });
    t.after(remove);
    const { code, stderr } = await node(['-r', './old.cjs', ...REGISTER, 'main.mjs']);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /Error: winter-sockets\/register needs Node\.js 20\.19 or newer; this is Node\.js v/,
    );
    assert.match(stderr, /ERR_FEATURE_UNAVAILABLE_ON_PLATFORM/);
  });
});
