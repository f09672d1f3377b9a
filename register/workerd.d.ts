/**
 * The same as `winter-sockets/register`, and besides: packages that have a build for Workers give that one, and
 * `navigator.userAgent` is `'Cloudflare-Workers'`.
 */
declare const nothing: Record<string, never>;
export = nothing;
