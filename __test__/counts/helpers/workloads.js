// What is counted. A workload opens what it needs; then it runs as often as it is told, and says how often it did what.

/** The bytes of a burst. They fit into the kernel's buffers, so that it does not matter how fast the peer takes them. */
export const BURST = 8 * 65536;

/** The bytes of an array that V8 keeps in its heap. */
const MOST_IN_HEAP = 64;

/** @typedef {import('./bare.js').Streams} Streams What `connect()` gives, as far as it is used here. */
/** @typedef {{ run(count: number): Promise<Record<string, number>>, close(): unknown }} Workload */

/** @type {Record<string, (open: () => Streams) => Promise<Workload>>} */
export const workloads = {
  /** An awaited write of 64 bytes, and a read that waits for the answer. */
  async roundTrips(open) {
    const { reader, writer, close } = await streams(open());
    const message = new Uint8Array(64);
    const run = async (count) => {
      let reads = 0;
      for (let i = 0; i < count; i++) {
        await writer.write(message);
        for (let length = 0; length < message.length; reads++) length += (await reader.read()).value.length;
      }
      return { trips: count, reads, awaits: count + reads };
    };
    return { run, close };
  },

  /** Connect, a round trip, and close, one after the other. */
  async connections(open) {
    const run = async (count) => {
      for (let i = 0; i < count; i++) {
        const socket = open();
        await socket.writable.getWriter().write('ping');
        await socket.readable.getReader().read();
        await socket.close();
      }
      return { connections: count };
    };
    return { run, close() {} };
  },

  /** Reads from a peer that always sends. */
  async reads(open) {
    const { reader, close } = await streams(open());
    const run = async (count) => {
      for (let i = 0; i < count; i++) await reader.read();
      return { reads: count, awaits: count };
    };
    return { run, close };
  },

  /** Bursts from the peer, each asked for by a byte. */
  async download(open) {
    const { reader, writer, close } = await streams(open());
    const please = new Uint8Array(1);
    const run = async (count) => {
      let [reads, small] = [0, 0];
      for (let i = 0; i < count; i++) {
        await writer.write(please);
        for (let length = 0; length < BURST; reads++) {
          const { value } = await reader.read();
          length += value.length;
          if (value.length <= MOST_IN_HEAP) small += value.length;
        }
      }
      return { bursts: count, bytes: count * BURST, small, reads };
    };
    return { run, close };
  },

  /** Bursts of awaited writes of 64 KiB to the peer, which acknowledges each burst with a byte. */
  upload: (open) => uploads(open, 65536),

  /** The same in writes of 1 KiB. */
  smallWrites: (open) => uploads(open, 1024),
};

/**
 * @param {() => Streams} open
 * @param {number} size Of a write.
 */
async function uploads(open, size) {
  const { reader, writer, close } = await streams(open());
  const chunk = new Uint8Array(size);
  const run = async (count) => {
    let writes = 0;
    for (let i = 0; i < count; i++) {
      for (let length = 0; length < BURST; length += size, writes++) await writer.write(chunk);
      await reader.read();
    }
    return { bursts: count, bytes: count * BURST, writes, awaits: writes + count };
  };
  return { run, close };
}

/** @param {Streams} socket */
async function streams(socket) {
  await socket.opened;
  const { readable, writable } = socket;
  return { reader: readable.getReader(), writer: writable.getWriter(), close: () => socket.close() };
}
