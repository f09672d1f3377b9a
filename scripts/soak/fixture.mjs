import { readFileSync } from 'node:fs';

/**
 * A file of the certificates that the tests use.
 *
 * @param {string} name
 */
export const fixture = (name) =>
  readFileSync(new URL(`../../__test__/fixtures/tls/${name}`, import.meta.url), 'utf8');
