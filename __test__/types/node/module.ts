// `cloudflare:sockets` is declared where `@cloudflare/workers-types` isn't: it exports our `connect()`, and nothing more
// than in Workers.

import * as module from 'cloudflare:sockets';
import { expectTypeOf } from 'expect-type';
import * as ours from 'winter-sockets';

expectTypeOf(module.connect).toEqualTypeOf(ours.connect);
expectTypeOf<keyof typeof module>().toEqualTypeOf<'connect'>();
expectTypeOf((await import('cloudflare:sockets')).connect).toEqualTypeOf(ours.connect);

/** The streams are those of Node. */
export async function streams(): Promise<void> {
  const socket = module.connect('example.com:80', { secureTransport: 'on' });
  for await (const chunk of socket.readable) expectTypeOf(chunk).toEqualTypeOf<Uint8Array<ArrayBuffer>>();
}
