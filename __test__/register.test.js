// `winter-sockets/register`: who asks for `cloudflare:sockets` gets us.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { all, filesThatAsk } from './fixtures/register/asks.js';
import { createProject, output } from './fixtures/register/project.js';
import { timeout } from './helpers/deadline.js';

const REGISTER = 'winter-sockets/register';

const sockets = createProject(filesThatAsk('cloudflare:sockets'));
const arrowood = createProject(filesThatAsk('@arrowood.dev/socket'));
const withArrowood = createProject(filesThatAsk('@arrowood.dev/socket'), ['@arrowood.dev/socket']);

after(() => [sockets, arrowood, withArrowood].forEach((project) => project.remove()));

const results = async (project, ...args) => JSON.parse(output(await project.node(...args)));

/** How a program gets to have it. @type {[string, string[], { [name: string]: string }?][]} */
const WAYS = [
  ['node --import, and an ES module', ['--import', REGISTER, 'main.mjs']],
  ['node --import, and CommonJS', ['--import', REGISTER, 'main.cjs']],
  ['node -r, and an ES module', ['-r', REGISTER, 'main.mjs']],
  ['node -r, and CommonJS', ['-r', REGISTER, 'main.cjs']],
  ['NODE_OPTIONS with --import', ['main.mjs'], { NODE_OPTIONS: `--import=${REGISTER}` }],
  ['NODE_OPTIONS with -r', ['main.cjs'], { NODE_OPTIONS: `-r ${REGISTER}` }],
  ['an import in the program, which then imports the rest', ['imports-register.mjs']],
  ['a require() in the program', ['requires-register.cjs']],
];

for (const [way, args, env] of WAYS) {
  test(`cloudflare:sockets is the package itself, whoever asks: ${way}`, { timeout }, async () => {
    assert.deepEqual(await results(sockets, args, env), all('ours'));
  });

  test(`in a worker, cloudflare:sockets is the package itself: ${way}`, { timeout }, async () => {
    const [file, ...flags] = args.toReversed();
    const inWorker = [...flags.toReversed(), 'in-worker.mjs', `./${file}`];
    assert.deepEqual(await results(sockets, inWorker, env), all('ours'));
  });
}

test('the program itself can import it statically', { timeout }, async () => {
  const program = `import { connect } from 'cloudflare:sockets'; console.log(typeof connect);`;
  for (const flag of ['--import', '-r']) {
    const args = [flag, REGISTER, '--input-type=module', '--eval', program];
    assert.equal(output(await sockets.node(args)), 'function\n');
  }
});

test('a worker made of text has what -r gives', { timeout }, async () => {
  assert.deepEqual(await results(sockets, ['-r', REGISTER, 'in-worker-of-text.mjs']), all('ours'));
});

test('without it nobody finds cloudflare:sockets', { timeout }, async () => {
  const codes = Object.values(await results(sockets, ['main.mjs']));
  assert.ok(codes.length > 0 && !codes.includes('ours'), `${codes}`);
});

describe('@arrowood.dev/socket', () => {
  for (const flag of ['--import', '-r']) {
    test(`is the package itself where it is not installed: ${flag}`, { timeout }, async () => {
      assert.deepEqual(await results(arrowood, [flag, REGISTER, 'main.mjs']), all('ours'));
    });

    test(`is what is installed where something is: ${flag}`, { timeout }, async () => {
      assert.deepEqual(await results(withArrowood, [flag, REGISTER, 'main.mjs']), all('not ours'));
    });
  }

  test('is not found without it', { timeout }, async () => {
    const codes = Object.values(await results(arrowood, ['main.mjs']));
    assert.ok(codes.length > 0 && !codes.includes('ours'), `${codes}`);
  });
});
