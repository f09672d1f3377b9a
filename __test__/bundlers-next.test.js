// The same as `bundlers.test.js`, in a file of its own because a build by Next takes longer than all the others.

import { createRequire } from 'node:module';

import { check } from './bundlers/check.js';

check('cloudflare:sockets is winter-sockets, built by', [{ name: 'next', native: compilers() }]);

/** Its own for this platform; without one Next would look for it on the network. */
function compilers() {
  const { optionalDependencies } = createRequire(import.meta.url)('next/package.json');
  const prefix = `@next/swc-${process.platform}-${process.arch}`;
  return Object.keys(optionalDependencies).filter((name) => name.startsWith(prefix));
}
