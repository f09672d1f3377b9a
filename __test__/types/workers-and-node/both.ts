// A project with everything that declares something.

import { connect } from 'cloudflare:sockets';
import { expectTypeOf } from 'expect-type';
import * as ours from 'winter-sockets';

expectTypeOf(connect).returns.toEqualTypeOf<Socket>();
expectTypeOf(ours.connect).toExtend<typeof connect>();
expectTypeOf<ours.Socket>().toExtend<Socket>();
expectTypeOf<SocketOptions>().toExtend<ours.SocketOptions>();
