// Compiles the projects of `types/`, each of which has other types around ours.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { install, runScript } from './bundlers/project.js';

const fixtures = fileURLToPath(new URL('./types', import.meta.url));

/** What there is to say about each of them. */
const titles = {
  arrowood: "ours beside @arrowood.dev/socket's",
  'arrowood-by-alias': "ours in place of @arrowood.dev/socket's",
  dom: 'winter-sockets/types with those of browsers',
  node: 'winter-sockets/types with those of Node',
  reference: 'winter-sockets/types by a reference in a file',
  undeclared: 'nothing is declared without winter-sockets/types',
  workers: "ours beside @cloudflare/workers-types'",
  'workers-and-node': "winter-sockets/types with @cloudflare/workers-types' and those of Node",
  'workers-and-ours': "winter-sockets/types with @cloudflare/workers-types'",
};

describe('types', { concurrency: 2 }, () => {
  const project = install(fixtures);
  after(() => project.remove());

  for (const [name, title] of Object.entries(titles)) {
    test(title, async () => {
      const { code, output } = await runScript(`tsc --project ${name}`, { cwd: project.folder });
      assert.equal(code, 0, output);
    });
  }

  test('each project has its test', () => {
    const folders = readdirSync(fixtures, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    assert.deepEqual(folders.map(({ name }) => name).toSorted(), Object.keys(titles).toSorted());
  });
});
