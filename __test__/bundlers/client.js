// What each project here builds and runs: code as it is written for Workers.

import { connect } from 'cloudflare:sockets';

/** Sends something, and gives what comes back and where from. */
export async function exchange(address, text) {
  const socket = connect(address);
  const { resolvedAddress } = await socket.opened;
  const writer = socket.writable.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const answer = await new Response(socket.readable).text();
  return { answer, resolvedAddress };
}
