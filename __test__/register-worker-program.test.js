// The same Worker in real workerd and in Node, asking the same nginx.

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { workerdBinary } from './conformance/run-in-workerd.js';
import { createProject, output } from './fixtures/register/project.js';
import { startDaemon } from './system/helpers/daemon.js';
import { PAGE, sha256, skip as withoutNginx, startNginx } from './system/helpers/nginx.js';

const WORKER = fileURLToPath(new URL('fixtures/register/worker.js', import.meta.url));

/** Not later than the installed workerd's own date. */
const COMPATIBILITY_DATE = '2026-10-01';

const binary = workerdBinary();
const withoutWorkerd = binary === undefined && 'npm has no workerd that runs on this platform';

const options = { skip: withoutNginx || withoutWorkerd, timeout: 120_000 };

/** @type {Awaited<ReturnType<typeof startNginx>>} */ let nginx;
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let workerd;
/** @type {ReturnType<typeof createProject>} */ let project;

before(async () => {
  if (options.skip) return;
  nginx = await startNginx(
    (www, port) => `
    listen 127.0.0.1:${port};
    root ${www};
    location /chunked/ { alias ${www}/; ssi on; ssi_types *; }
    location /upload/ { dav_methods PUT; create_full_put_path on; }`,
  );
  workerd = await startDaemon(binary, (folder, port) => {
    copyFileSync(WORKER, join(folder, 'worker.js'));
    writeFileSync(join(folder, 'config.capnp'), configFor(port));
    return ['serve', join(folder, 'config.capnp')];
  });
  project = createProject({
    'worker.mjs': readFileSync(WORKER, 'utf8'),
    'ask.mjs': `import worker from './worker.mjs';
                const [url, ORIGIN] = process.argv.slice(2);
                const response = await worker.fetch(new Request(url), { ORIGIN });
                console.log(await response.text());`,
  });
});

after(async () => {
  project?.remove();
  await workerd?.stop();
  await nginx?.stop();
});

/** `private` is what lets a Worker reach the loopback interface. */
const configFor = (port) => `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    ( name = "main", worker = .worker ),
    ( name = "internet", network = ( allow = ["public", "private"] ) ),
  ],
  sockets = [ ( name = "http", address = "127.0.0.1:${port}", http = (), service = "main" ) ],
);

const worker :Workerd.Worker = (
  compatibilityDate = "${COMPATIBILITY_DATE}",
  modules = [ ( name = "worker", esModule = embed "worker.js" ) ],
  bindings = [ ( name = "ORIGIN", text = "${nginx.address}" ) ],
);
`;

/** What the Worker says, in both. */
async function say(conversation) {
  const inWorkerd = await fetch(`http://${workerd.address}/${conversation}`);
  assert.equal(inWorkerd.status, 200);
  rmSync(join(nginx.www, 'upload'), { recursive: true, force: true });
  const url = `http://worker/${conversation}`;
  const inNode = await project.node(['--import', 'winter-sockets/register', 'ask.mjs', url, nginx.address]);
  return { inWorkerd: await inWorkerd.json(), inNode: JSON.parse(output(inNode)) };
}

/** @type {{ [conversation: string]: (said: any) => void }} */
const CONVERSATIONS = {
  'reads-to-the-end': ([isOrigin, alpn, text]) => {
    assert.deepEqual([isOrigin, alpn], [true, null]);
    assert.ok(text.endsWith(`\r\n\r\n${PAGE}`));
  },
  'keeps-the-connection': ([first, missing, third, head]) => {
    assert.equal(first.lines[0], 'HTTP/1.1 200 OK');
    assert.equal(first.sha256, sha256(PAGE));
    assert.equal(missing.lines[0], 'HTTP/1.1 404 Not Found');
    assert.deepEqual(third, first);
    assert.ok(head.lines.includes(`Content-Length: ${5 * 2 ** 20}`));
  },
  'asks-without-waiting': (answers) => {
    assert.deepEqual(new Set(answers.map((answer) => answer.sha256)), new Set([sha256(PAGE)]));
  },
  'receives-chunks': (answer) => {
    assert.ok(answer.lines.includes('Transfer-Encoding: chunked'));
    assert.equal(answer.sha256, nginx.hashes['5M']);
  },
  uploads: ([, downloaded, hash]) => {
    assert.equal(downloaded.sha256, hash);
  },
};

for (const [conversation, check] of Object.entries(CONVERSATIONS)) {
  const words = conversation.replaceAll('-', ' ');
  test(`a Worker that ${words} says the same in workerd and in Node`, options, async () => {
    const { inWorkerd, inNode } = await say(conversation);
    check(inNode);
    assert.deepEqual(inNode, inWorkerd);
  });
}
