// The package as npm gives it to somebody: packed, installed into an empty folder, and used without a compiler.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { createBareProcesses } from './fixtures/package/bare-process.js';
import { createProject } from './fixtures/package/project.js';
import { packRelease } from './fixtures/package/release.js';
import { root } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { refusedPort } from './helpers/refused-port.js';

const ALIAS = '@arrowood.dev/socket';

const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

/** With the commands to build it. */
const NO_BINARY =
  /Error: winter-sockets has no native binary for (\S+)(?: \(musl\))?, Node\.js v\d.*npm run build/g;

let folder, bare, release, project, withAlias, withoutBinary, echo, address;

before(
  async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'winter-sockets-package-')));
    bare = createBareProcesses(folder);
    release = await packRelease(folder, bare);
    const install = (name, names, ...flags) =>
      createProject(join(folder, name), { release, bare, names, flags });
    [project, withAlias, withoutBinary] = await Promise.all([
      install('project', ['winter-sockets']),
      install('with-alias', ['winter-sockets', ALIAS]),
      install('without-binary', ['winter-sockets'], '--omit=optional'),
    ]);
    echo = net.createServer({ allowHalfOpen: true }, (peer) => peer.pipe(peer));
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    address = `127.0.0.1:${echo.address().port}`;
  },
  { timeout: 2 * timeout },
);

after(() => {
  echo?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the tarball', () => {
  test('has what is used and read, and nothing else', () => {
    const expected = [
      'LICENSE',
      'MIGRATING.md',
      'README.md',
      'index.d.ts',
      'index.js',
      ...readdirSync(join(root, 'lib')).map((name) => `lib/${name}`),
      'native/binding.d.ts',
      'native/binding.js',
      'package.json',
      'register.d.ts',
      'register.js',
      'register/conditions.js',
      'register/hooks.js',
      'register/require-hook.js',
      'register/sockets.js',
      'register/workerd-condition.js',
      'register/workerd.d.ts',
      'register/workerd.js',
      'types.d.ts',
    ];
    assert.deepEqual([...release.texts.keys()], expected.toSorted());
    for (const file of expected) assert.match(file, /(LICENSE|\.md|\.js|\.d\.ts|^package\.json)$/);
  });

  test('names no folder of the machine that made it', () => {
    const folders = /(^|[^\w.])(\/(home|root|tmp|Users|var)\/|[A-Z]:\\)/;
    for (const [file, text] of release.texts) {
      assert.ok(!text.includes(root), `${file} names ${root}`);
      assert.doesNotMatch(text, folders, file);
    }
  });

  test('runs nothing when it is installed', () => {
    const { scripts } = JSON.parse(release.texts.get('package.json'));
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
      assert.ok(!(name in scripts), name);
  });

  test('looks for each of the platform packages by its name', () => {
    assert.equal(release.platformPackages.length, 8);
    for (const name of release.platformPackages) {
      assert.ok(release.texts.get('native/binding.js').includes(`require('${name}')`), name);
    }
  });
});

describe('installed, with neither cargo nor rustc', { timeout, concurrency: 2 }, () => {
  test('there is no compiler', async () => {
    for (const program of ['cargo', 'rustc', 'cc']) {
      await assert.rejects(bare.run(program, ['--version']), { code: 'ENOENT' });
    }
  });

  test('npm takes the package of this platform, and no other', () => {
    const binaries = project.installed.filter((name) => name !== 'winter-sockets');
    assert.equal(binaries.length, 1, `${binaries}`);
    assert.ok(binaries[0].startsWith(`winter-sockets-${process.platform}-${process.arch}`), binaries[0]);
  });

  test('import', async () => {
    assert.equal(await project.node('by-import.js', address), 'hello\n');
  });

  test('require()', async () => {
    assert.equal(await project.node('by-require.cjs', address), 'hello\n');
  });

  for (const program of ['on-workers.js', 'on-workers.cjs']) {
    test(`cloudflare:sockets with winter-sockets/register: ${program}`, async () => {
      const output = await project.node('--import', 'winter-sockets/register', program, address);
      assert.match(output, /^hello (undefined|Node\.js\/\d+)\n$/);
    });

    test(`cloudflare:sockets with winter-sockets/register/workerd: ${program}`, async () => {
      const output = await project.node('--import', 'winter-sockets/register/workerd', program, address);
      assert.equal(output, 'hello Cloudflare-Workers\n');
    });
  }

  test(`in place of ${ALIAS}, by an alias in package.json`, async () => {
    assert.equal(await withAlias.node('by-alias.js', address), 'hello\n');
  });

  test(`in place of ${ALIAS}, by winter-sockets/register`, async () => {
    const output = await project.node('--import', 'winter-sockets/register', 'by-alias.js', address);
    assert.equal(output, 'hello\n');
  });

  test('TypeScript', async () => {
    await withAlias.node(tsc, '--project', 'typescript');
    const output = await withAlias.node('--import', 'winter-sockets/register', 'typescript/main.js', address);
    assert.equal(output, 'hello hello\nfunction function\nERR_INVALID_ARG_TYPE\n');
    assert.equal(await withAlias.node('typescript/alias.js', address), 'true false\n');
  });
});

describe('two copies in one process', { timeout }, () => {
  const talkWithBoth = async (t, ...paths) => {
    const refused = `127.0.0.1:${await refusedPort(t)}`;
    return JSON.parse(await project.node('two-copies.cjs', address, refused, ...paths));
  };
  const expected = {
    texts: ['hello', 'hello', 'hello', 'hello'],
    code: 'ECONNREFUSED',
    own: true,
    foreign: false,
  };

  test('with a binary each: both work, and errors are told by their code', async (t) => {
    const paths = [project.copy('winter-sockets'), withAlias.copy('winter-sockets')];
    assert.deepEqual(await talkWithBoth(t, ...paths), expected);
  });

  test('with one binary: both work, and errors are told by their code', async (t) => {
    const paths = [withAlias.copy('winter-sockets'), withAlias.copy(ALIAS)];
    assert.deepEqual(await talkWithBoth(t, ...paths), expected);
  });
});

describe('without the package of the platform', { timeout, concurrency: 2 }, () => {
  const WAYS = {
    import: ['by-import.js'],
    'require()': ['by-require.cjs'],
    'cloudflare:sockets': ['--import', 'winter-sockets/register', 'on-workers.js'],
  };

  test('npm installs nothing but the package itself', () => {
    assert.deepEqual(withoutBinary.installed, ['winter-sockets']);
  });

  for (const [way, args] of Object.entries(WAYS)) {
    test(`${way}: one error, which names the platform and says how to build`, async () => {
      const { code, stdout, stderr } = await withoutBinary.run(...args, address);
      assert.equal(code, 1);
      assert.equal(stdout, '');
      const messages = [...stderr.matchAll(NO_BINARY)];
      assert.equal(messages.length, 1, stderr);
      assert.equal(messages[0][1], `${process.platform}-${process.arch}`);
      assert.match(stderr, /code: 'ERR_DLOPEN_FAILED'/);
    });
  }
});
