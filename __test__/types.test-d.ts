// Checked by `tsc`, never run: what users may write, and what they may not.

import { expectTypeOf } from 'expect-type';

import {
  connect,
  Socket,
  SocketError,
  type AnySocketAddress,
  type SecureTransportKind,
  type SocketAddress,
  type SocketInfo,
  type SocketOptions,
} from '../index.js';

// connect() takes both forms of an address, and options that may be left out or null.
expectTypeOf(connect).returns.toEqualTypeOf<Socket>();
expectTypeOf(connect).parameter(0).toEqualTypeOf<AnySocketAddress>();
expectTypeOf(connect).parameter(1).toEqualTypeOf<SocketOptions | null | undefined>();
expectTypeOf<AnySocketAddress>().toEqualTypeOf<string | SocketAddress>();
connect('example.com:80');
connect({ hostname: 'example.com', port: 80 }, null);
connect('example.com:80', {});
connect('example.com:80', { secureTransport: 'on', sni: 'example.com', alpn: ['h2'] as const });
connect('example.com:80', { allowHalfOpen: true, highWaterMark: 16_384 });

// An option may be given as undefined, also under exactOptionalPropertyTypes.
connect('example.com:80', { allowHalfOpen: undefined, secureTransport: undefined, highWaterMark: undefined });

// @ts-expect-error an address is needed
connect();
// @ts-expect-error a port is needed
connect({ hostname: 'example.com' });
// @ts-expect-error a hostname is needed
connect({ port: 80 });
// @ts-expect-error one of three kinds; a string that is none of them is thrown out at run time
connect('example.com:80', { secureTransport: true });
// @ts-expect-error "h2" is no list
connect('example.com:80', { alpn: 'h2' });
// @ts-expect-error a misspelt option is caught here, though ignored at run time
connect('example.com:80', { allowHalfopen: true });

// The constructor is connect().
expectTypeOf(Socket).constructorParameters.toEqualTypeOf<Parameters<typeof connect>>();

// The members of a socket.
declare const socket: Socket;
expectTypeOf(socket.readable).toEqualTypeOf<ReadableStream<Uint8Array<ArrayBuffer>>>();
expectTypeOf(socket.writable).toExtend<WritableStream<Uint8Array>>();
expectTypeOf(socket.opened).toEqualTypeOf<Promise<SocketInfo>>();
expectTypeOf(socket.closed).toEqualTypeOf<Promise<void>>();
expectTypeOf(socket.upgraded).toEqualTypeOf<boolean>();
expectTypeOf(socket.secureTransport).toEqualTypeOf<SecureTransportKind>();
expectTypeOf(socket.close).parameters.toEqualTypeOf<[reason?: unknown]>();
expectTypeOf(socket.close).returns.toEqualTypeOf<Promise<void>>();
expectTypeOf(socket.startTls()).toEqualTypeOf<Socket>();
socket.startTls({ expectedServerHostname: 'example.com' });
socket.startTls({
  servername: 'example.com',
  ca: ['-----BEGIN…', new Uint8Array()],
  rejectUnauthorized: true,
});

// It is not thenable, so `await connect(…)` is the socket, and its accessors can't be assigned.
expectTypeOf<Awaited<Socket>>().toEqualTypeOf<Socket>();
expectTypeOf<Socket>().not.toHaveProperty('then');
// @ts-expect-error read-only
socket.readable = new ReadableStream();
// @ts-expect-error read-only
socket.upgraded = true;

// What an open socket knows.
expectTypeOf<SocketInfo>().toEqualTypeOf<{
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly alpn: string | null;
  readonly resolvedAddress: string;
}>();

/** Streams are the global ones, with everything that comes with them. */
export async function streams(): Promise<void> {
  const writer = socket.writable.getWriter();
  await writer.write('text');
  await writer.write(new ArrayBuffer(1));
  await writer.write(new SharedArrayBuffer(1));
  await writer.write(Buffer.from('text'));
  await writer.write(new DataView(new ArrayBuffer(1)));
  await writer.write(undefined);
  // @ts-expect-error a number is nothing that can be sent
  await writer.write(1);

  for await (const chunk of socket.readable) expectTypeOf(chunk).toEqualTypeOf<Uint8Array<ArrayBuffer>>();
  const byob = await socket.readable.getReader({ mode: 'byob' }).read(new Uint8Array(1024));
  expectTypeOf(byob.value).toExtend<Uint8Array | undefined>();
  const decoded = socket.readable.pipeThrough(new TextDecoderStream());
  expectTypeOf(decoded).toEqualTypeOf<ReadableStream<string>>();
  expectTypeOf(await new Response(socket.readable).text()).toEqualTypeOf<string>();

  await new ReadableStream<string>().pipeTo(socket.writable);
  await new ReadableStream<Uint8Array>().pipeTo(socket.writable);
  await socket.readable.pipeTo(connect('example.com:80').writable);
}

/** `await using` closes a socket at the end of the block. */
export async function disposal(): Promise<void> {
  await using scoped = connect('example.com:80');
  expectTypeOf(scoped.ref()).toEqualTypeOf<Socket>();
  expectTypeOf(scoped.unref()).toEqualTypeOf<Socket>();
}

// An error is a TypeError with a code, a cause and a list.
expectTypeOf<SocketError>().toExtend<TypeError>();
const error = new SocketError('x', { code: 'ECONNREFUSED', cause: new Error('y'), errors: new Set<Error>() });
expectTypeOf(error.code).toEqualTypeOf<string | undefined>();
expectTypeOf(error.cause).toEqualTypeOf<unknown>();
expectTypeOf(error.errors).toEqualTypeOf<Error[] | undefined>();
new SocketError();
