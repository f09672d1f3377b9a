/** Starts the workerd side: the same scenario files as modules of a worker, in real workerd with a generated config. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AUTHORITY } from './certificates.js';
import { runtimeAt } from './runtime.js';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Not later than the installed workerd's own date, which is the newest one it knows. */
const COMPATIBILITY_DATE = '2026-10-01';

/** The path of workerd's binary, or `undefined` where npm has none that runs. */
export function workerdBinary() {
  try {
    const binary = /** @type {string} */ (createRequire(import.meta.url)('workerd').default);
    return spawnSync(binary, ['--version']).status === 0 ? binary : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} binary */
export async function startWorkerd(binary) {
  const folder = await mkdtemp(join(tmpdir(), 'winter-sockets-workerd-'));
  await deploy(folder);
  const child = spawn(binary, ['serve', join(folder, 'config.capnp'), '--control-fd=3'], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (log += text));
  const exited = once(child, 'exit');
  const kill = () => child.kill('SIGKILL');
  // However the test ends, short of a signal that nobody can handle.
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    kill();
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const port = await Promise.race([
      listeningPort(/** @type {import('node:stream').Readable} */ (child.stdio[3])),
      exited.then(() => Promise.reject(new Error(`workerd exited before it was ready:\n${log}`))),
    ]);
    return runtimeAt({ name: 'workerd', port, child, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param {string} folder */
async function deploy(folder) {
  const scenarios = (await readdir(join(here, 'scenarios'))).filter((file) => file.endsWith('.js'));
  const modules = ['entry-workerd.js', 'harness.js', ...scenarios.map((file) => `scenarios/${file}`)];
  await mkdir(join(folder, 'scenarios'));
  await Promise.all(modules.map((module) => copyFile(join(here, module), join(folder, module))));
  await copyFile(AUTHORITY, join(folder, 'authority.pem'));
  await writeFile(join(folder, 'config.capnp'), configFor(modules));
}

/** The first module is the entry. `private` is what lets the worker reach the peers on the loopback interface. */
const configFor = (/** @type {string[]} */ modules) => `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    ( name = "scenarios", worker = .scenarios ),
    ( name = "internet", network = (
      allow = ["public", "private"],
      tlsOptions = ( trustedCertificates = [ embed "authority.pem" ] ),
    ) ),
  ],
  sockets = [ ( name = "http", address = "127.0.0.1:0", http = (), service = "scenarios" ) ],
);

const scenarios :Workerd.Worker = (
  compatibilityDate = "${COMPATIBILITY_DATE}",
  modules = [
${modules.map((module) => `    ( name = "${module}", esModule = embed "${module}" ),`).join('\n')}
  ],
);
`;

/**
 * workerd writes one JSON object per line to its control descriptor when a socket listens.
 *
 * @param {import('node:stream').Readable} control
 */
async function listeningPort(control) {
  let text = '';
  for await (const chunk of control) {
    text += chunk;
    for (const line of text.split('\n').slice(0, -1)) {
      const message = JSON.parse(line);
      if (message.event === 'listen') return Number(message.port);
    }
  }
  throw new Error('workerd closed its control descriptor');
}
