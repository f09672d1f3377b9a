// Code that imports `cloudflare:sockets`, built and run on Node with the tools that people have, by a line of configuration
// in each. `bundlers/` has their projects.

import { check } from './bundlers/check.js';

check('cloudflare:sockets is winter-sockets, built by', [
  { name: 'esbuild', native: ['esbuild'] },
  { name: 'rollup', native: ['rollup'] },
  { name: 'vite', native: ['rolldown'] },
  { name: 'vite-library', native: ['rolldown'] },
  { name: 'webpack', native: ['webpack'] },
]);

check('cloudflare:sockets is winter-sockets, run by', [
  { name: 'tsx', native: ['esbuild'] },
  { name: 'vitest', native: ['rolldown'], says: /Tests +1 passed/ },
  { name: 'jest', native: ['jest-resolve'], says: /Tests: +3 passed, 3 total/ },
]);
