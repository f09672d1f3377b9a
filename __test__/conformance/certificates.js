/** The certificates of `../fixtures/tls`, which has a list of them in `make.sh`. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (/** @type {string} */ file) =>
  fileURLToPath(new URL(`../fixtures/tls/${file}`, import.meta.url));

/** The authority that both runtimes are told to trust. */
export const AUTHORITY = path('root.pem');

/** What a server with this certificate needs. */
export const identity = (/** @type {string} */ certificate) => ({
  cert: readFileSync(path(`${certificate}.pem`)),
  key: readFileSync(path('p256.key')),
});
