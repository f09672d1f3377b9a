/**
 * Makes `cloudflare:sockets` resolve to this package, and `@arrowood.dev/socket` where that is not installed, in the thread
 * that imports it: `node --import winter-sockets/register`.
 */
declare const nothing: Record<string, never>;
export = nothing;
