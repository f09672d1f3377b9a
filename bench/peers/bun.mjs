/**
 * Bun, by `Duplex.toWeb` over its `node:net` and `node:tls`: its own `Bun.connect()` has callbacks and no streams, so that
 * this is how web streams come about there.
 */
export { workloads } from './towebstreams.mjs';

export const version = process.versions['bun'];

export const runtime = `Bun ${version}`;
