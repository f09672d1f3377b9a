// Without the types of Node, with those of browsers.

import { connect } from 'cloudflare:sockets';
import { expectTypeOf } from 'expect-type';
import * as ours from 'winter-sockets';

expectTypeOf(connect).toEqualTypeOf(ours.connect);
const socket = connect('example.com:80');
expectTypeOf(socket.readable.pipeThrough(new TextDecoderStream())).toEqualTypeOf<ReadableStream<string>>();
expectTypeOf(new Response(socket.readable).body).toEqualTypeOf<ReadableStream<
  Uint8Array<ArrayBuffer>
> | null>();
