// `winter-sockets/register/workerd`: packages that have a build for Workers give that one.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { all, filesThatAsk } from './fixtures/register/asks.js';
import { createProject, output } from './fixtures/register/project.js';
import { timeout } from './helpers/deadline.js';

const WORKERD = 'winter-sockets/register/workerd';
/** Answers with its own name, and those of its parts. */
const file = (name) => ({ [`node_modules/shapes/${name}.cjs`]: `module.exports = '${name}';` });

const project = createProject(
  {
    ...filesThatAsk('cloudflare:sockets'),
    // A package of every shape that `exports` and `imports` can have.
    'node_modules/shapes/package.json': JSON.stringify({
      name: 'shapes',
      exports: {
        '.': { workerd: './workers.cjs', default: './node.cjs' },
        './first': { node: './node.cjs', workerd: './workers.cjs' },
        './nested': { require: { workerd: './workers.cjs' }, import: { workerd: './workers.cjs' } },
        './list': [{ workerd: './workers.cjs' }, './node.cjs'],
        './none': { default: './node.cjs' },
        './only': { workerd: './workers.cjs' },
        './mine': { mine: './mine.cjs', workerd: './workers.cjs' },
        './never': { browser: { workerd: './workers.cjs' }, default: './node.cjs' },
        './*': { workerd: './*-for-workers.cjs', default: './node.cjs' },
        './deep/*.js': { workerd: './*-for-workers.cjs', default: './node.cjs' },
        './self': './self.cjs',
        './imports': './imports.cjs',
      },
      imports: {
        '#part': { workerd: './workers.cjs', default: './node.cjs' },
        '#other': { workerd: 'pg-cloudflare', default: './node.cjs' },
      },
    }),
    ...file('workers'),
    ...file('node'),
    ...file('mine'),
    ...file('any-for-workers'),
    'node_modules/shapes/self.cjs': `module.exports = require('shapes');`,
    'node_modules/shapes/imports.cjs': `module.exports = [require('#part'), Object.keys(require('#other'))];`,
    'ask.mjs': `import { createRequire } from 'node:module';
                const require = createRequire(import.meta.url);
                const results = {};
                for (const name of process.argv.slice(2)) {
                  const imported = import(name).then((found) => found.default, ({ code }) => code);
                  let required;
                  try { required = require(name); } catch ({ code }) { required = code; }
                  results[name] = [required, await imported];
                }
                console.log(JSON.stringify(results));`,
    'drivers.mjs': `import { createRequire } from 'node:module';
                    import * as cloudflare from 'pg-cloudflare';
                    const require = createRequire(import.meta.url);
                    console.log(JSON.stringify({
                      imported: Object.keys(cloudflare).includes('CloudflareSocket'),
                      required: Object.keys(require('pg-cloudflare')),
                      same: require('pg-cloudflare').CloudflareSocket === cloudflare.CloudflareSocket,
                      resolved: require.resolve('pg-cloudflare').replaceAll('\\\\', '/').split('/').slice(-2),
                      stream: require('pg/lib/stream').getStream().constructor.name,
                      postgres: import.meta.resolve('postgres').split('/').slice(-3),
                      required_postgres: typeof require('postgres').default,
                      same_postgres: require('postgres').default === (await import('postgres')).default,
                    }));`,
    'user-agent.cjs': `const { userAgent } = globalThis.navigator ?? {};
                       console.log(userAgent, typeof globalThis.navigator?.hardwareConcurrency);`,
  },
  ['pg', 'pg-cloudflare', 'postgres'],
);

after(() => project.remove());

const results = async (...args) => JSON.parse(output(await project.node(...args)));

for (const flag of ['--import', '-r']) {
  test(`cloudflare:sockets is the package itself, whoever asks: ${flag}`, { timeout }, async () => {
    assert.deepEqual(await results([flag, WORKERD, 'main.mjs']), all('ours'));
  });

  test(`the drivers' builds for Workers are imported and required: ${flag}`, { timeout }, async () => {
    for (const program of [['drivers.mjs'], ['in-worker.mjs', './drivers.mjs']]) {
      assert.deepEqual(await results([flag, WORKERD, ...program]), {
        imported: true,
        required: ['CloudflareSocket'],
        same: true,
        resolved: ['dist', 'index.js'],
        stream: 'CloudflareSocket',
        postgres: ['cf', 'src', 'index.js'],
        required_postgres: 'function',
        same_postgres: true,
      });
    }
  });
}

test("without it the drivers' builds for Node are imported and required", { timeout }, async () => {
  for (const flags of [[], ['--import', 'winter-sockets/register']]) {
    assert.deepEqual(await results([...flags, 'drivers.mjs']), {
      imported: false,
      required: ['default'],
      same: true,
      resolved: ['dist', 'empty.js'],
      stream: 'Socket',
      postgres: ['postgres', 'src', 'index.js'],
      required_postgres: 'undefined',
      same_postgres: false,
    });
  }
});

describe('the condition workerd', () => {
  const cases = {
    shapes: 'workers',
    'shapes/first': 'node',
    'shapes/nested': 'workers',
    'shapes/list': 'workers',
    'shapes/none': 'node',
    'shapes/only': 'workers',
    'shapes/mine': 'workers',
    'shapes/never': 'node',
    'shapes/any': 'any-for-workers',
    'shapes/deep/any.js': 'any-for-workers',
    'shapes/self': 'workers',
    'shapes/imports': ['workers', ['CloudflareSocket']],
    'shapes/missing': 'a missing file',
    missing: 'a missing package',
  };
  const errors = {
    'a missing file': ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'],
    'a missing package': ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'],
  };
  const expected = (changes = {}) =>
    Object.fromEntries(
      Object.entries({ ...cases, ...changes }).map(([name, result]) => [
        name,
        errors[result] ?? [result, result],
      ]),
    );

  test('holds for require() as it does for import', { timeout }, async () => {
    assert.deepEqual(await results(['--import', WORKERD, 'ask.mjs', ...Object.keys(cases)]), expected());
  });

  test("holds beside the user's own conditions", { timeout }, async () => {
    const args = ['--import', WORKERD, 'ask.mjs', ...Object.keys(cases)];
    const mine = expected({ 'shapes/mine': 'mine' });
    assert.deepEqual(await results(['-C', 'mine', ...args]), mine);
    assert.deepEqual(await results(['--conditions=mine', ...args]), mine);
    assert.deepEqual(await results(args, { NODE_OPTIONS: '--conditions mine' }), mine);
  });
});

describe('navigator.userAgent', () => {
  const agent = async (...args) => output(await project.node(args)).trim();

  test("is that of Cloudflare's runtime, and the rest of navigator stays", { timeout }, async () => {
    const rest = (await agent('user-agent.cjs')).split(' ').at(-1);
    for (const flag of ['--import', '-r']) {
      assert.equal(await agent(flag, WORKERD, 'user-agent.cjs'), `Cloudflare-Workers ${rest}`);
      assert.equal(
        await agent(flag, WORKERD, 'in-worker.mjs', './user-agent.cjs'),
        `Cloudflare-Workers ${rest}`,
      );
    }
  });

  test('is that of Node with winter-sockets/register alone', { timeout }, async () => {
    const plain = await agent('user-agent.cjs');
    assert.doesNotMatch(plain, /Cloudflare/);
    assert.equal(await agent('--import', 'winter-sockets/register', 'user-agent.cjs'), plain);
  });
});
