// A program that is written for `@arrowood.dev/socket`. It is compiled with the types of that package, and with ours under
// its name.

import { ReadableStream, WritableStream } from 'node:stream/web';

import { connect, Socket, SocketError } from '@arrowood.dev/socket';
import type { SocketAddress, SocketOptions } from '@arrowood.dev/socket';

const address: SocketAddress = { hostname: 'example.com', port: 5432 };
const options: SocketOptions = { secureTransport: 'starttls', allowHalfOpen: false };

/** A driver, with fields for what it was given. */
export class Client {
  #socket: Socket = connect(address, options);
  #readable: ReadableStream<Uint8Array> = this.#socket.readable as ReadableStream<Uint8Array>;
  #writable: WritableStream<Uint8Array> = this.#socket.writable;
  #anything: WritableStream<unknown> = this.#socket.writable;

  async query(): Promise<Uint8Array | undefined> {
    const writer = this.#writable.getWriter();
    await writer.write(new Uint8Array([1]));
    writer.releaseLock();
    await this.#anything.getWriter().write('text');
    const { value } = await this.#readable.getReader().read();
    return value;
  }

  secure(): void {
    this.#socket = this.#socket.startTls();
  }

  async end(): Promise<void> {
    const closed: Promise<void> = this.#socket.close();
    await Promise.all([closed, this.#socket.closed]);
  }
}

/** A function of the same kind, put in place of it. */
export let open: (address: SocketAddress | string, options?: SocketOptions) => Socket = connect;
open = (where, how) => new Socket(typeof where === 'string' ? address : where, how);

export const error: TypeError & { message: string } = new SocketError('it broke');
