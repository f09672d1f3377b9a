// The types of `@cloudflare/workers-types`, which are global, and ours: which of them goes for which.

import { connect as connectInWorkers } from 'cloudflare:sockets';
import { expectTypeOf } from 'expect-type';
import * as ours from 'winter-sockets';

// An address is the same thing.
expectTypeOf<ours.SocketAddress>().toExtend<SocketAddress>();
expectTypeOf<SocketAddress>().toExtend<ours.SocketAddress>();

// Ours goes where theirs is asked for.
expectTypeOf<ours.Socket>().toExtend<Socket>();
expectTypeOf<ours.SocketInfo>().toExtend<SocketInfo>();
expectTypeOf<ours.TlsOptions>().toExtend<TlsOptions>();
expectTypeOf(ours.connect).toExtend<typeof connectInWorkers>();
expectTypeOf<ours.TLSSocket>().toExtend<{ connect: typeof connectInWorkers }>();

// What theirs would be told, ours takes.
expectTypeOf<SocketOptions>().toExtend<ours.SocketOptions>();
expectTypeOf<TlsOptions>().toExtend<ours.TlsOptions>();
expectTypeOf<Parameters<typeof connectInWorkers>>().toExtend<Parameters<typeof ours.connect>>();

// Theirs says that `allowHalfOpen` has to be given, though Workers don't ask for it. With it, ours goes there too.
expectTypeOf<ours.SocketOptions>().not.toExtend<SocketOptions>();
expectTypeOf<ours.SocketOptions & { allowHalfOpen: boolean }>().toExtend<SocketOptions>();

// A socket of Workers has no `ref()`, `unref()` and `[Symbol.asyncDispose]()`, and may know less about its connection;
// those that it lacks are all that is in the way. What takes either should ask for theirs.
expectTypeOf<Socket>().not.toExtend<ours.Socket>();
expectTypeOf<SocketInfo>().not.toExtend<ours.SocketInfo>();
expectTypeOf<Exclude<keyof ours.Socket, keyof Socket>>().toEqualTypeOf<
  'ref' | 'unref' | typeof Symbol.asyncDispose
>();
expectTypeOf<Exclude<keyof ours.SocketInfo, keyof SocketInfo>>().toEqualTypeOf<'alpn' | 'resolvedAddress'>();
expectTypeOf<Pick<Socket, Shared>>().toExtend<Pick<ours.Socket, Shared>>();
expectTypeOf<Required<SocketInfo>>().toExtend<Pick<ours.SocketInfo, keyof SocketInfo>>();

/** The members that need no `SocketInfo`, and no other socket. */
type Shared = Exclude<keyof Socket, 'opened' | 'startTls'>;

/** The streams of our sockets are those of Workers here, with all that belongs to them. */
export async function streams(socket: ours.Socket): Promise<Response> {
  expectTypeOf(socket.readable).toExtend<ReadableStream<Uint8Array>>();
  const lines = socket.readable.pipeThrough(new TextDecoderStream());
  expectTypeOf(lines).toEqualTypeOf<ReadableStream<string>>();
  await new ReadableStream<Uint8Array>().pipeTo(socket.writable);
  return new Response(socket.readable);
}
