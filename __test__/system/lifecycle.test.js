// The ways in which Node can be started, and environments in it made and ended.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { root } from '../helpers/child.js';

import { listen } from './helpers/peers.js';
import { matrix } from './programs/lifecycle/matrix.js';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

const program = (name) => fileURLToPath(new URL(`programs/lifecycle/${name}`, import.meta.url));
const flagsOf = (...names) => names.filter((name) => process.allowedNodeEnvironmentFlags.has(name));

/** What Node says about itself, and not about us. */
const NOISE = /^\(.*(Warning|trace-warnings).*\n/gm;

const withoutNet = [
  ...(major === 20 ? ['--experimental-permission'] : ['--permission']),
  '--allow-fs-read=*',
];
// From Node 25 on.
const permission = [...withoutNet, ...flagsOf('--allow-net')];

matrix('ways to start and to end', [
  {
    name: 'With --frozen-intrinsics it works',
    run: (t) => works(t, ['--frozen-intrinsics', program('round-trip.cjs')]),
  },
  {
    name: 'With --disallow-code-generation-from-strings it works',
    run: (t) => works(t, ['--disallow-code-generation-from-strings', program('round-trip.cjs')]),
  },
  {
    name: 'With the permission model and --allow-addons it works',
    run: (t) => works(t, [...permission, '--allow-addons', program('round-trip.cjs')]),
  },
  {
    name: 'With the permission model and without --allow-addons the error says that addons are disabled',
    run: (t) => refuses(t, [...permission, program('round-trip.cjs')]),
  },
  ...flagsOf('--allow-net').map(() => ({
    name: 'With the permission model and without --allow-net a socket does not open',
    async run(t) {
      const args = [...withoutNet, '--allow-addons', program('denied.cjs')];
      assert.equal(await output(t, args), 'ERR_ACCESS_DENIED ERR_ACCESS_DENIED\n');
      return 'a clear error';
    },
  })),
  {
    name: 'With --no-addons the error says that addons are disabled',
    run: (t) => refuses(t, ['--no-addons', program('round-trip.cjs')]),
  },
  {
    name: 'Contexts of vm can require it, and hand streams and memory to each other',
    async run(t) {
      assert.equal(await output(t, [program('contexts.cjs')]), 'ECONNREFUSED\n');
      return 'works';
    },
  },
  {
    name: 'Two copies of the package work side by side, in the main thread and in a worker',
    run: (t) => works(t, [program('copies.cjs'), copyOfPackage(t)]),
  },
  {
    name: 'Workers of a cluster connect, and end when one of them is killed and the others are disconnected',
    async run(t) {
      assert.equal(await output(t, [program('cluster.cjs')]), 'works works works 0 0 0\n');
      return 'works';
    },
  },
  {
    name: 'A process that is forked when sockets are open inherits none, and can open its own',
    async run(t) {
      assert.equal(await output(t, [program('forks.cjs')]), 'works 0 0\n');
      return 'works';
    },
  },
  {
    name: 'A process that closes its socket on SIGTERM delivers what was written',
    async run(t) {
      let received = 0;
      const peer = await listen(t, (socket) => socket.on('data', ({ length }) => (received += length)));
      const child = start(t, [program('ends-on-signal.cjs'), `${peer.port}`]);
      while (received < 10_000_000) await new Promise((resolve) => setImmediate(resolve));
      child.kill('SIGTERM');
      const { code, signal, stdout, stderr } = await child.ended;
      assert.deepEqual([code, signal, stderr], [3, null, '']);
      await peer.allEnded();
      assert.equal(received, Number(stdout));
      return 'delivers everything, and ends';
    },
  },
  ...['process', 'none'].map((mode) => ({
    name: `node --test with isolation '${mode}' runs tests of several files, and ends`,
    ...(mode === 'none' && isolationFlag() === undefined && { not: 'no such mode' }),
    async run(t) {
      const flag = isolationFlag();
      const files = [program('tested.cjs'), program('tested-too.cjs')];
      const flags = flag === undefined ? [] : [`${flag}=${mode}`];
      const text = await output(t, ['--test', '--test-reporter=tap', ...flags, ...files]);
      assert.match(text, /^# pass 3$/m);
      assert.match(text, /^# fail 0$/m);
      return 'works';
    },
  })),
  {
    name: 'A snapshot can’t contain it, which Node says when it is built',
    async run(t) {
      const blob = join(folder(t), 'snapshot.blob');
      const args = ['--snapshot-blob', blob, '--build-snapshot', program('snapshot.cjs')];
      const { code, stderr } = await start(t, args, { REQUIRE_NOW: join(root, 'index.js') }).ended;
      assert.equal(code, 1);
      assert.match(stderr, /Error: Cannot find module '.*index\.js'/);
      return 'Node: Cannot find module';
    },
  },
  {
    name: 'A program that is started from a snapshot can require it',
    async run(t) {
      const blob = join(folder(t), 'snapshot.blob');
      await output(t, ['--snapshot-blob', blob, '--build-snapshot', program('snapshot.cjs')]);
      const { code, stdout, stderr } = await start(t, ['--snapshot-blob', blob], {
        PROGRAM: program('snapshot.cjs'),
      }).ended;
      assert.deepEqual([code, stdout, stderr], [0, 'works\n', '']);
      return 'works';
    },
  },
  {
    name: 'A single executable can require it from a folder beside it',
    // It copies all of Node, which takes seconds.
    ...(process.env.WINTER_SOCKETS_LONG !== '1' ? { not: 'in the long run' } : {}),
    ...((major < 25 || (major === 25 && minor < 5)) && { not: 'no --build-sea' }),
    async run(t) {
      const home = folder(t);
      copyPackage(join(home, 'node_modules', 'winter-sockets'));
      copyFileSync(program('round-trip.cjs'), join(home, 'round-trip.cjs'));
      const main = join(home, 'main.cjs');
      const executable = join(home, 'main');
      writeFileSync(
        main,
        `const load = require('node:module').createRequire(process.execPath);
         load('./round-trip.cjs').roundTrip(load('winter-sockets').connect).then(console.log);`,
      );
      const config = { main, output: executable, disableExperimentalSEAWarning: true };
      writeFileSync(join(home, 'sea.json'), JSON.stringify(config));
      await output(t, ['--build-sea', join(home, 'sea.json')]);
      assert.equal((await start(t, [], {}, executable).ended).stdout, 'works\n');
      return 'works';
    },
  },
  {
    name: 'Hosts that forbid external buffers are given none: the addon does not even import the functions',
    async run() {
      const binaries = readdirSync(join(root, 'native')).filter((name) => name.endsWith('.node'));
      assert.notEqual(binaries.length, 0);
      for (const name of binaries) {
        const binary = readFileSync(join(root, 'native', name));
        // The names of what is imported are text in all formats of binaries.
        assert.ok(binary.includes('napi_create_reference'), 'names can be found');
        assert.ok(!binary.includes('napi_create_external_'), 'napi_create_external_arraybuffer, …_buffer');
        assert.ok(!binary.includes('node_api_create_external_'));
      }
      return 'none imported';
    },
  },
]);

/** Runs a program that prints what it has sent and received, and nothing else. */
async function works(t, args) {
  assert.equal(await output(t, args), 'works\n');
  return 'works';
}

async function refuses(t, args) {
  const { code, stderr } = await start(t, args).ended;
  assert.equal(code, 1, stderr);
  assert.match(stderr, /winter-sockets is a native addon, .* --allow-addons/);
  assert.match(stderr, /ERR_DLOPEN_DISABLED/);
  return 'a clear error';
}

/** What a program prints that ends well, and has nothing to complain about. */
async function output(t, args) {
  const { code, signal, stdout, stderr } = await start(t, args).ended;
  assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' }, stdout);
  return stdout;
}

/**
 * @param {import('node:test').TestContext} t
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
function start(t, args, env = {}, command = process.execPath) {
  // Else the tests of a program would report to those who run these.
  const { NODE_TEST_CONTEXT: _, ...rest } = process.env;
  const child = spawn(command, args, { env: { ...rest, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'])
    child[name].setEncoding('utf8').on('data', (t) => (text[name] += t));
  const ended = once(child, 'close').then(([code, signal]) => {
    return { code, signal, stdout: text.stdout, stderr: text.stderr.replace(NOISE, '') };
  });
  return { ended, kill: (signal) => child.kill(signal) };
}

/** The package in another place, which makes it another one for `require()`. */
function copyOfPackage(t) {
  const copy = join(folder(t), 'winter-sockets');
  copyPackage(copy);
  const [name] = readdirSync(join(copy, 'native')).filter((file) => file.endsWith('.node'));
  const hash = (home) =>
    createHash('sha256')
      .update(readFileSync(join(home, 'native', name)))
      .digest('hex');
  assert.equal(hash(copy), hash(root));
  return copy;
}

function copyPackage(to) {
  mkdirSync(to, { recursive: true });
  for (const name of ['package.json', 'index.js', 'lib', 'native']) {
    cpSync(join(root, name), join(to, name), { recursive: true });
  }
}

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'winter-sockets-lifecycle-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function isolationFlag() {
  const [flag] = flagsOf('--test-isolation', '--experimental-test-isolation');
  if (flag !== undefined) return flag;
  // Not allowed in NODE_OPTIONS before it was stable.
  if (major === 22 && minor >= 8) return '--experimental-test-isolation';
  return undefined;
}
