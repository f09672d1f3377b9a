// The types of `@arrowood.dev/socket` and ours, in one program.

import * as theirs from '@arrowood.dev/socket';
import { expectTypeOf } from 'expect-type';
import * as ours from 'winter-sockets';

expectTypeOf<ours.SocketAddress>().toEqualTypeOf<theirs.SocketAddress>();
expectTypeOf<theirs.SocketOptions>().toExtend<ours.SocketOptions>();
expectTypeOf<Parameters<typeof theirs.connect>>().toExtend<Parameters<typeof ours.connect>>();
expectTypeOf<ours.SocketError>().toExtend<theirs.SocketError>();

// Their options have three kinds of `secureTransport`, ours, for Workers' sake, any string, and a `highWaterMark`, `sni`
// and `alpn`, which they ignore.
expectTypeOf<ours.SocketOptions>().not.toExtend<theirs.SocketOptions>();
expectTypeOf<ours.SocketOptions & Kind>().toExtend<theirs.SocketOptions>();

// Their class has private members, so that nothing but itself goes for it. But for these, and for what a socket returns
// of its own kind, ours does; theirs lacks half of what ours has.
expectTypeOf<ours.Socket>().not.toExtend<theirs.Socket>();
expectTypeOf<Pick<ours.Socket, Shared>>().toExtend<Pick<theirs.Socket, Shared>>();
expectTypeOf<keyof theirs.Socket>().toExtend<keyof ours.Socket>();
expectTypeOf<theirs.Socket>().not.toExtend<ours.Socket>();

type Kind = { secureTransport: ours.SecureTransportKind };
type Shared = Exclude<keyof theirs.Socket, 'startTls'>;
