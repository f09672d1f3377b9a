// nginx as it comes with the system, with a configuration of our own and some files to serve.

import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { find, startDaemon } from './daemon.js';

const MIB = 2 ** 20;

const { path, skip: withoutNginx } = find('nginx', 'nginx');

/** For the option `skip` of the tests that need it. */
export const skip = withoutNginx;

/** What is in the file `page`. */
export const PAGE = 'Winter is coming.\n'.repeat(500);

/**
 * Starts nginx with the files `page`, `5M` and `100M`.
 *
 * @param {(www: string, port: number) => string} serverBlock What its configuration says about the server, given the
 *   folder of the files.
 */
export async function startNginx(serverBlock) {
  const daemon = await startDaemon(path, (folder, port) => {
    const config = join(folder, 'nginx.conf');
    writeFileSync(config, configuration(folder, serverBlock(join(folder, 'www'), port)));
    for (const name of ['www', 'temp']) mkdirSync(join(folder, name));
    return ['-p', folder, '-c', config, '-e', 'stderr'];
  });
  const www = join(daemon.folder, 'www');
  writeFileSync(join(www, 'page'), PAGE);
  /** The SHA-256 of the large files. @type {Record<string, string>} */
  const hashes = {};
  for (const [name, size] of /** @type {const} */ ([
    ['5M', 5 * MIB],
    ['100M', 100 * MIB],
  ])) {
    const bytes = randomBytes(size);
    // Its server-side includes lose a `<` at the very end.
    bytes[size - 1] = 0;
    writeFileSync(join(www, name), bytes);
    hashes[name] = sha256(bytes);
  }
  const { address, port } = daemon;
  return { address, port, www, hashes, stop: () => daemon.stop() };
}

function configuration(folder, serverBlock) {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr;
events { worker_connections 256; }
http {
  ${temp.map((name) => `${name}_temp_path ${folder}/temp/${name};`).join('\n  ')}
  access_log off;
  default_type application/octet-stream;
  client_max_body_size 100m;
  keepalive_requests 10000;
  server {
    ${serverBlock}
  }
}
`;
}

export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
