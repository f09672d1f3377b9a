/** TLS and `startTls()`. */
import { DONE, RESOLVED, REJECTED, THROWS, RETURNS, SOCKET_ERROR, PLAIN_ERROR, each } from './shown.js';

const OPENS = { resolved: 'opens' };

/** @type {import('../differences.js').Difference[]} */
export const inTls = [
  {
    row: 'Options: sni and alpn go into the handshake; info.alpn is the protocol or null',
    reason: 'the spec has all three; workerd has none of them',
    scenarios: {
      'TLS sends the name of the option sni': {
        node: { peer: { protocol: 'TLSv1.3', sni: 'localhost', alpn: null } },
        workerd: { peer: { protocol: 'TLSv1.3', sni: null, alpn: null } },
      },
      ...each(
        { node: { alpn: null, peer: null }, workerd: { alpn: 'missing', peer: null } },
        'alpn is null with TLS when nothing was asked for',
        'alpn is null with TLS when the server knows no protocol',
      ),
      'alpn is the protocol that was negotiated': {
        node: { alpn: 'h2', peer: 'h2' },
        workerd: { alpn: 'missing', peer: null },
      },
    },
  },
  {
    row: 'SocketError: a subclass of TypeError whose message starts with "SocketError: ", with a code',
    reason: 'the spec; workerd does not even say that it was the certificate',
    scenarios: each(
      { node: SOCKET_ERROR, workerd: PLAIN_ERROR },
      'the error of a certificate that is refused is a SocketError',
      'the error of closed after a handshake that failed is a SocketError',
      'the error of an upgrade that fails is a SocketError',
    ),
  },
  {
    row: 'Socket: a handshake that fails is a connection that fails: the readable is cancelled',
    reason: 'the spec; in workerd a read rejects, also one that begins after an upgrade that failed',
    scenarios: {
      'a handshake that fails ends reads and rejects writes that wait': {
        node: { read: DONE, writes: [REJECTED, REJECTED], closed: REJECTED },
        workerd: { read: REJECTED, writes: [REJECTED, REJECTED], closed: REJECTED },
      },
      'an upgrade that fails ends reads and rejects writes of the new socket that wait': {
        node: { read: DONE, write: REJECTED, secured: 'not secured', received: 'STARTTLS\n' },
        workerd: { read: REJECTED, write: REJECTED, secured: 'not secured', received: 'STARTTLS\n' },
      },
      ...each(
        { node: { opened: REJECTED, read: DONE }, workerd: { opened: REJECTED, read: REJECTED } },
        'startTls() fails when plain text has arrived that nobody has read',
        'startTls() fails when part of the plain text that has arrived is unread',
      ),
    },
  },
  {
    row: 'Socket: close() is closed, also after a failure',
    reason: 'the spec; workerd returns another promise, which resolves after a failure',
    scenarios: each(
      { node: { close: REJECTED }, workerd: { close: RESOLVED } },
      'close() after a handshake that failed settles like closed',
      'close() after an upgrade that failed settles like closed',
    ),
  },
  {
    row: 'Socket: close() when open resolves pending reads with { done: true }',
    reason: 'the spec cancels the readable, with TLS or without; workerd rejects what is read then',
    scenarios: {
      'TLS: close() ends a read that waits': {
        node: { close: RESOLVED, read: DONE },
        workerd: { close: RESOLVED, read: REJECTED },
      },
    },
  },
  {
    row: 'Socket: close() while still connecting or shaking hands stops that work at once',
    reason:
      'the spec; workerd waits until the handshake has succeeded or failed, and then closes as if it were open',
    scenarios: {
      ...each(
        { node: { pending: [false, false] }, workerd: { pending: [true, true] } },
        'close() while the server does not answer the handshake settles opened and closed at once',
        'close() of the new socket while the peer does not answer the handshake settles at once',
      ),
      'close() of the new socket in the same turn as startTls()': {
        node: { opened: false, close: RESOLVED, old: RESOLVED },
        workerd: { opened: true, close: RESOLVED, old: RESOLVED },
      },
      'close() while pending, before startTls() has connected, stops both': {
        node: { pending: [false, false, false] },
        workerd: { pending: [true, true, true] },
      },
    },
  },
  {
    row: 'startTls(): no throw for a held lock, and a pending read on the old reader resolves { done: true }',
    reason:
      'drivers hold their locks; workerd does not throw either, but then neither of the sockets ever settles',
    scenarios: {
      ...each(
        {
          node: { ...RETURNS, opened: OPENS, write: RESOLVED },
          workerd: { ...RETURNS, opened: 'hangs', write: REJECTED },
        },
        'startTls() takes the connection although the readable is locked',
        'startTls() takes the connection although the writable is locked',
      ),
      'startTls() ends a read of the old socket that waits': {
        node: { read: DONE, opened: OPENS },
        workerd: { read: 'hangs', opened: 'hangs' },
      },
      'startTls() ends a BYOB read of the old socket that waits': {
        node: { read: { resolved: { done: true, value: 'bytes: ' } }, opened: OPENS },
        workerd: { read: 'hangs', opened: 'hangs' },
      },
      'startTls() ends a loop over the old readable': {
        node: { read: { resolved: 'ended' }, opened: OPENS },
        workerd: { read: 'hangs', opened: 'hangs' },
      },
      'startTls() ends a pipe from the old readable': {
        node: { read: RESOLVED, opened: OPENS },
        workerd: { read: 'hangs', opened: 'hangs' },
      },
    },
  },
  {
    row: 'startTls(): the streams of the old socket no longer work',
    reason:
      'the spec closes the old socket, so its readable is at its end; workerd locks its streams for ever',
    scenarios: {
      'a read of the old socket after startTls() gives { done: true }': {
        node: { outcome: DONE, answer: 'ping' },
        workerd: { outcome: REJECTED, answer: 'ping' },
      },
      ...each(
        { node: { outcome: RESOLVED, answer: 'ping' }, workerd: { outcome: REJECTED, answer: 'ping' } },
        'the old readable is closed after startTls()',
        'readable.cancel() of the old socket leaves the new one open',
        'writable.abort() of the old socket leaves the new one open',
      ),
      'startTls() leaves the old streams unlocked': {
        node: { outcome: { resolved: 'false,false' }, answer: 'ping' },
        workerd: { outcome: { resolved: 'true,true' }, answer: 'ping' },
      },
    },
  },
  {
    row: 'Socket: a TLS peer that ends without close_notify is a truncation: read() rejects',
    reason:
      'anybody on the way can forge a FIN; workerd sees it with secureTransport "on", but not after startTls()',
    scenarios: {
      'a FIN without close_notify rejects a read of the new socket': {
        node: { read: REJECTED, closed: RESOLVED },
        workerd: { read: DONE, closed: RESOLVED },
      },
    },
  },
  {
    row: 'startTls(): throws when closed',
    reason: 'no handshake can follow; workerd throws only once close() has released the descriptor',
    scenarios: each(
      { node: THROWS, workerd: RETURNS },
      'startTls() throws in the same turn as close()',
      'startTls() throws on a socket that was closed while pending',
      'startTls() throws on a socket that could not connect',
      'startTls() throws on a socket whose peer has ended',
    ),
  },
  {
    row: 'Socket: a connection that fails rejects opened and closed, of the old socket and of the new one',
    reason: 'nothing may hang; in workerd the new socket does, and the old one counts as upgraded',
    scenarios: {
      'startTls() before a connection that is refused': {
        node: {
          oldOpened: REJECTED,
          oldClosed: REJECTED,
          opened: REJECTED,
          closed: REJECTED,
          upgraded: false,
        },
        workerd: {
          oldOpened: REJECTED,
          oldClosed: RESOLVED,
          opened: 'hangs',
          closed: 'hangs',
          upgraded: true,
        },
      },
    },
  },
];
