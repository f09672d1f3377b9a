// What is written for Workers compiles as it does there.

import { connect } from 'cloudflare:sockets';
import { expectTypeOf } from 'expect-type';

expectTypeOf(connect).returns.toEqualTypeOf<Socket>();

export default {
  async fetch(): Promise<Response> {
    const socket = connect({ hostname: 'example.com', port: 80 });
    const writer = socket.writable.getWriter();
    await writer.write(new TextEncoder().encode('GET / HTTP/1.0\r\n\r\n'));
    return new Response(socket.readable);
  },
};
