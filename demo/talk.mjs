// Talks to an address as `nc` does.

import { once } from 'node:events';

import { SocketError, connect } from '../index.js';

/**
 * @param {string} address
 * @param {boolean} usesTls
 * @param {(problem: string) => number} misused What to do with something that is no address.
 * @returns {Promise<number>} The exit code.
 */
export async function talk(address, usesTls, misused) {
  const { stdin, stdout } = process;
  let socket;
  try {
    // Without `allowHalfOpen` the end of what the peer sends would be the end of what it can be sent.
    socket = connect(address, { allowHalfOpen: true, secureTransport: usesTls ? 'on' : 'off' });
  } catch (error) {
    return misused(inOneLine(error));
  }
  /** @type {NodeJS.ErrnoException | undefined} */
  let outputError;
  stdout.on('error', (error) => {
    outputError ??= error;
    // Nobody needs the connection any more, nor what else there is to send.
    void socket.close();
    stdin.destroy();
  });
  try {
    await socket.opened;
    greet(address);

    const sending = send(stdin, socket.writable);
    // When the connection breaks, what has arrived is still read. When stdin breaks, nothing is left to do.
    sending.catch((error) => {
      if (!(error instanceof SocketError)) void socket.close();
    });
    await receive(socket.readable, stdout);
    // The peer is done, but may go on taking what is piped in. Somebody who types expects the end.
    if (!stdin.isTTY) await sending;
    return 0;
  } catch (error) {
    // The reader of stdout has seen enough, as `head` has at some time.
    if (outputError?.code === 'EPIPE') return 0;
    console.error(`demo: ${inOneLine(outputError ?? error)}`);
    return 1;
  } finally {
    stdin.destroy();
    void socket.close();
  }
}

/**
 * Sends all of the input, and tells the peer that no more will come.
 *
 * @param {AsyncIterable<Uint8Array>} input
 * @param {WritableStream} writable
 */
async function send(input, writable) {
  const writer = writable.getWriter();
  // Waiting for each write is what keeps a slow peer from filling our memory.
  for await (const chunk of input) await writer.write(chunk);
  await writer.close();
}

/**
 * Passes on all that the peer sends.
 *
 * @param {ReadableStream<Uint8Array>} readable
 * @param {NodeJS.WriteStream} output
 */
async function receive(readable, output) {
  for await (const chunk of readable) {
    // What is not read from the socket stays with the peer.
    if (!output.write(chunk)) await once(output, 'drain');
  }
}

/** @param {string} address */
function greet(address) {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return;
  console.error(`Connected to ${address}. Ctrl+D ends what you send, Ctrl+C ends it all.`);
}

/** @param {unknown} error */
function inOneLine(error) {
  const { message, code } = /** @type {NodeJS.ErrnoException} */ (error);
  return `${message.replace(/^SocketError: /, '')} (${code})`;
}
