// `winter-sockets/register` beside itself, and beside others that hook into how modules are found.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { all, filesThatAsk } from './fixtures/register/asks.js';
import { createProject, output } from './fixtures/register/project.js';
import { timeout } from './helpers/deadline.js';

const REGISTER = 'winter-sockets/register';

const project = createProject(
  {
    ...filesThatAsk('cloudflare:sockets'),
    'typed.ts': `import { connect } from 'cloudflare:sockets';
                 const name: string = connect.name;
                 console.log(name);`,
    'typed.cts': `import sockets = require('cloudflare:sockets');
                  const name: string = sockets.connect.name;
                  console.log(name);`,
    // Hooks of somebody else, as each version of Node has them: a module of their own, and one of ours taken over.
    'hooks.mjs': `import Module from 'node:module';
                  import { resolve } from './resolve.mjs';
                  if (Module.registerHooks) Module.registerHooks({ resolve });
                  else Module.register('./resolve.mjs', import.meta.url);`,
    'resolve.mjs': `const theirs = { 'their:module': 'data:text/javascript,export default "theirs"' };
                    export const resolve = (specifier, context, nextResolve) =>
                      theirs[specifier] ? { url: theirs[specifier], shortCircuit: true } : nextResolve(specifier, context);`,
    'takes-over.mjs': `import Module from 'node:module';
                       import { resolve } from './replace.mjs';
                       if (Module.registerHooks) Module.registerHooks({ resolve });
                       else Module.register('./replace.mjs', import.meta.url);`,
    'replace.mjs': `export const resolve = (specifier, context, nextResolve) =>
                      nextResolve(specifier === 'cloudflare:sockets' ? 'node:net' : specifier, context);`,
    'both.mjs': `import theirs from 'their:module';
                 import { Socket } from 'cloudflare:sockets';
                 import * as ours from 'winter-sockets';
                 console.log(theirs, Socket === ours.Socket);`,
    'dependent.test.js': `import { expect, test } from 'vitest';
                          import { connect, required, imported } from 'dependency';
                          import * as ours from 'winter-sockets';
                          test('a dependency gets the package', async () => {
                            expect(connect).toBe(ours.connect);
                            expect(required.connect).toBe(ours.connect);
                            expect((await imported).connect).toBe(ours.connect);
                          });`,
    'node_modules/dependency/package.json': '{ "type": "module", "exports": "./index.js" }',
    'node_modules/dependency/index.js': `import { createRequire } from 'node:module';
                                         export { connect } from 'cloudflare:sockets';
                                         export const required = createRequire(import.meta.url)('cloudflare:sockets');
                                         export const imported = import('cloudflare:sockets');`,
  },
  ['tsx', 'vitest'],
);

after(() => project.remove());

const results = async (...args) => JSON.parse(output(await project.node(...args)));

test('registering again and again changes nothing', { timeout }, async () => {
  const flags = ['-r', REGISTER, '--import', REGISTER, '--import', `${REGISTER}/workerd`];
  assert.deepEqual(await results([...flags, 'imports-register.mjs']), all('ours'));
  assert.deepEqual(await results([...flags, 'requires-register.cjs']), all('ours'));
});

for (const [order, flags] of [
  ['before', ['--import', REGISTER, '--import', 'tsx']],
  ['after', ['--import', 'tsx', '--import', REGISTER]],
]) {
  test(`${order} tsx, whoever asks gets the package`, { timeout }, async () => {
    assert.deepEqual(await results([...flags, 'main.mjs']), all('ours'));
    assert.deepEqual(await results([...flags, 'main.cjs']), all('ours'));
  });

  test(`${order} tsx, TypeScript gets the package`, { timeout }, async () => {
    for (const file of ['typed.ts', 'typed.cts']) {
      assert.equal(output(await project.node([...flags, file])), 'connect\n');
    }
  });
}

test('the command tsx takes it from NODE_OPTIONS', { timeout }, async () => {
  const args = ['node_modules/tsx/dist/cli.mjs', 'typed.ts'];
  assert.equal(output(await project.node(args, { NODE_OPTIONS: `--import=${REGISTER}` })), 'connect\n');
});

for (const pool of ['forks', 'threads']) {
  test(`in Vitest, a dependency gets the package: ${pool}`, { timeout }, async () => {
    const args = ['node_modules/vitest/vitest.mjs', 'run', '--pool', pool];
    assert.match(
      output(await project.node(args, { NODE_OPTIONS: `--import=${REGISTER}`, NO_COLOR: '1' })),
      /1 passed/,
    );
  });
}

for (const [order, flags] of [
  ['before', ['--import', REGISTER, '--import', './hooks.mjs']],
  ['after', ['--import', './hooks.mjs', '--import', REGISTER]],
]) {
  test(`${order} the hooks of somebody else, both work`, { timeout }, async () => {
    assert.equal(output(await project.node([...flags, 'both.mjs'])), 'theirs true\n');
  });
}

test(
  'hooks that come later may take cloudflare:sockets over, as a test double does',
  { timeout },
  async () => {
    const program = `import * as net from 'node:net';
                   import { Socket } from 'cloudflare:sockets';
                   console.log(Socket === net.Socket);`;
    const flags = ['--import', REGISTER, '--import', './takes-over.mjs', '--input-type=module'];
    assert.equal(output(await project.node([...flags, '--eval', program])), 'true\n');
  },
);
