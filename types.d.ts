/**
 * Declares the module `cloudflare:sockets`, which `winter-sockets/register` or a bundler's alias makes of this package:
 * `"types": ["winter-sockets/types"]` in `tsconfig.json`, or `/// <reference types="winter-sockets/types" />` in a file.
 *
 * It exports what it exports in Workers, and nothing else, so that what compiles here compiles there. The types of sockets
 * are exports of `winter-sockets`.
 */

// A pattern, because a declaration without a star comes before it: that of `@cloudflare/workers-types`, or the one that
// `wrangler types` writes. Two declarations of the same name would be an error in whichever comes second.
declare module 'cloudflare:sockets*' {
  export { connect } from 'winter-sockets';
}
