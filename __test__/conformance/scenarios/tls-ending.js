/**
 * How connections with TLS end.
 *
 * Whoever closes reads a greeting first: behind a session ticket that nobody has read, workerd's close() is a reset.
 */
import { pattern, readText, utf8 } from '../harness.js';
import { ON } from './transports.js';

/** @type {import('../harness.js').Scenario[]} */
export const tlsEnding = [
  {
    name: 'TLS: close_notify closes the readable after the last byte, and is answered',
    peer: 'TLS greets and ends',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address, ON);
      const reader = socket.readable.getReader();
      const read = await readText(reader);
      return {
        read,
        again: await fate(reader.read()),
        closed: await fate(socket.closed),
        peer: await peer.ended(),
      };
    },
  },
  {
    name: 'TLS: close_notify ends a read that waits',
    peer: 'TLS recorder',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address, ON);
      await socket.opened;
      await peer.secured();
      const read = socket.readable.getReader().read();
      await peer.end();
      return { read: await fate(read), closed: await fate(socket.closed) };
    },
  },
  {
    name: 'TLS: a write after close_notify was read rejects',
    peer: 'TLS greets and ends',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address, ON);
      await readText(socket.readable.getReader());
      await socket.closed;
      return { write: await fate(socket.writable.getWriter().write(utf8('late'))), peer: await peer.ended() };
    },
  },
  {
    name: 'TLS with allowHalfOpen: the writable stays open after close_notify',
    peer: 'TLS greets and ends',
    async run({ connect, address, fate, peer, pending }) {
      const socket = connect(address, { ...ON, allowHalfOpen: true });
      const read = await readText(socket.readable.getReader());
      const isPending = await pending(socket.closed);
      const write = await fate(socket.writable.getWriter().write(utf8('still here')));
      return { read, isPending, write, peer: await peer.received(10) };
    },
  },
  {
    name: 'TLS: the writer closes first, and the readable goes on',
    peer: 'TLS recorder',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address, ON);
      const writer = socket.writable.getWriter();
      await writer.write(utf8('request'));
      const close = await fate(writer.close());
      const seen = await peer.ended();
      await peer.send('a long answer');
      const reader = socket.readable.getReader();
      const read = await readText(reader, 13);
      await peer.end();
      return { close, peer: seen, read, end: await fate(reader.read()), closed: await fate(socket.closed) };
    },
  },
  {
    name: 'TLS: both sides end, and closed resolves',
    peer: 'TLS polite',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address, ON);
      const writer = socket.writable.getWriter();
      await writer.write(utf8('all'));
      await writer.close();
      const read = await readText(socket.readable.getReader());
      return { read, closed: await fate(socket.closed), peer: await peer.ended() };
    },
  },
  {
    name: 'TLS: close() delivers what was written before, and the peer sees the end',
    peer: 'TLS greets and waits',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address, ON);
      await readText(socket.readable.getReader(), 5);
      const write = fate(socket.writable.getWriter().write(pattern(1_000_000)));
      const close = await fate(socket.close());
      return { write: await write, close, peer: await peer.ended() };
    },
  },
  {
    name: 'TLS: close() of an idle socket shows the peer the end',
    peer: 'TLS greets and waits',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address, ON);
      await readText(socket.readable.getReader(), 5);
      return { close: await fate(socket.close()), peer: await peer.ended() };
    },
  },
  {
    name: 'TLS: close() ends a read that waits',
    peer: 'TLS recorder',
    async run({ connect, address, fate }) {
      const socket = connect(address, ON);
      await socket.opened;
      const read = fate(socket.readable.getReader().read());
      return { close: await fate(socket.close()), read: await read };
    },
  },
  {
    name: 'TLS: a write after close() rejects',
    peer: 'TLS recorder',
    async run({ connect, address, fate }) {
      const socket = connect(address, ON);
      await socket.opened;
      const writer = socket.writable.getWriter();
      await socket.close();
      return { write: await fate(writer.write(utf8('late'))) };
    },
  },
  {
    name: 'TLS: a FIN without close_notify rejects a read that waits',
    peer: 'TLS recorder',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address, ON);
      await socket.opened;
      await peer.secured();
      const read = fate(socket.readable.getReader().read());
      await peer.cut();
      return { read: await read, closed: await fate(socket.closed) };
    },
  },
  {
    name: 'TLS: what came before a FIN without close_notify can be read',
    peer: 'TLS greets and waits',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address, ON);
      await socket.opened;
      await peer.secured();
      await peer.cut();
      const reader = socket.readable.getReader();
      return { read: await readText(reader, 5), end: await fate(reader.read()) };
    },
  },
  {
    name: 'TLS: RST rejects a read that waits',
    peer: 'TLS recorder',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address, ON);
      await socket.opened;
      await peer.secured();
      const read = fate(socket.readable.getReader().read());
      await peer.reset();
      return { read: await read, closed: await fate(socket.closed) };
    },
  },
  {
    name: 'TLS: RST rejects a write that waits for the peer',
    peer: 'TLS never reads',
    async run({ connect, address, fate, peer }) {
      const socket = connect(address, ON);
      await socket.opened;
      await peer.secured();
      const write = fate(socket.writable.getWriter().write(new Uint8Array(16 << 20)));
      await peer.reset();
      return { write: await write, closed: await fate(socket.closed) };
    },
  },
];
