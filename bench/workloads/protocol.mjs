/** What client and server agree on; `server/src/service.rs` and `transport.rs` are the other side. */

/** The message of every ping-pong: 64 bytes. */
export const MESSAGE = new Uint8Array(64).fill(0x78);

export const BULK_BLOCK = 64 * 1024;
export const SMALL_BLOCK = 1024;

/** The sink's acknowledgement is this long. */
export const ACKNOWLEDGEMENT_LENGTH = 1;

/** What asks for the upgrade to TLS, and how long the plain go-ahead is. */
export const STARTTLS = new TextEncoder().encode('STARTTLS\n');
export const GO_AHEAD_LENGTH = 'GO\n'.length;

/** How many connections open at a time where they are many; the backlog of the server is finite. */
export const OPENED_AT_ONCE = 64;

/**
 * The header that tells the source how much to send and the sink how much to expect.
 *
 * @param {number} byteLength
 */
export function header(byteLength) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(byteLength));
  return bytes;
}
