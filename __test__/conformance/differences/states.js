/** What settles when: connecting, closing, FIN and RST. */
import { DONE, RESOLVED, REJECTED, text, each } from './shown.js';

/** @type {import('../differences.js').Difference[]} */
export const inStates = [
  {
    row: 'Socket: close() while pending rejects opened, resolves closed, cancels and aborts',
    reason:
      'the spec; workerd waits until the attempt has succeeded or failed, and then closes as if it were open',
    scenarios: {
      ...each(
        { node: { pending: [false, false] }, workerd: { pending: [true, true] } },
        'close() while the connection attempt hangs settles opened and closed at once',
        'close() while the connection attempt hangs settles reads and writes at once',
      ),
      'close() in the same turn as connect() rejects opened and resolves closed': {
        node: { opened: REJECTED, closed: RESOLVED },
        workerd: { opened: { resolved: { remoteAddress: '127.0.0.1:PORT' } }, closed: RESOLVED },
      },
      'close(reason) in the same turn as connect() rejects opened with the reason': {
        node: { opened: 'rejects with the reason', closed: RESOLVED },
        workerd: { opened: 'resolves', closed: RESOLVED },
      },
      'close() in the same turn as connect() ends a pending read': {
        node: { read: DONE },
        workerd: { read: REJECTED },
      },
      'what was written before close() in the same turn as connect() is not delivered': {
        node: { write: REJECTED, closed: RESOLVED, received: '' },
        workerd: { write: RESOLVED, closed: RESOLVED, received: 'too late' },
      },
    },
  },
  {
    row: 'Socket: a connection that fails rejects opened and closed with the same error',
    reason: 'the spec; workerd makes an error for each, and rejects closed first',
    scenarios: {
      'a refused connection rejects opened and closed with the same error': {
        node: { same: true },
        workerd: { same: false },
      },
      'a refused connection rejects opened before closed': {
        node: { log: ['opened', 'closed'] },
        workerd: { log: ['closed', 'opened'] },
      },
    },
  },
  {
    row: 'Socket: a connection that fails cancels the readable',
    reason: 'the spec; in workerd a read that already waits rejects',
    scenarios: {
      'a read that waits for a connection that is refused gets { done: true }': {
        node: { read: DONE, closed: RESOLVED },
        workerd: { read: REJECTED, closed: RESOLVED },
      },
    },
  },
  {
    row: 'Socket: a connection that fails errors the writable with the error',
    reason:
      'the spec; workerd makes new errors, leaves ready resolved, and lets a close() that waits succeed',
    scenarios: {
      'a write that waits for a connection that is refused rejects': {
        node: { writes: [REJECTED, REJECTED], closed: REJECTED, ready: REJECTED },
        workerd: { writes: [REJECTED, REJECTED], closed: REJECTED, ready: RESOLVED },
      },
      'queued writes reject with the error of opened': {
        node: { same: [true, true] },
        workerd: { same: [false, false] },
      },
      'a write after a refused connection rejects with the error of opened': {
        node: { same: true },
        workerd: { same: false },
      },
      'writer.close() that waits for a connection that is refused rejects': {
        node: { close: REJECTED },
        workerd: { close: RESOLVED },
      },
    },
  },
  {
    row: 'Socket: close() is closed, also after a failure',
    reason: 'the spec; workerd returns another promise, which resolves after a failure',
    scenarios: {
      'close() returns the promise that closed is': {
        node: { same: true, again: true },
        workerd: { same: false, again: false },
      },
      'close() after a refused connection rejects with the error of closed': {
        node: { close: true },
        workerd: { close: false },
      },
      'close() after a refused connection settles like closed': {
        node: { close: REJECTED },
        workerd: { close: RESOLVED },
      },
    },
  },
  {
    row: 'Socket: close() when open resolves pending reads with { done: true }',
    reason:
      'the spec cancels the readable; workerd rejects what is read then, and forgets the branches of tee()',
    scenarios: {
      'close() answers a read that waits with { done: true }': {
        node: { read: DONE, close: RESOLVED },
        workerd: { read: REJECTED, close: RESOLVED },
      },
      'close() answers a BYOB read that waits with { done: true } and an empty view': {
        node: { read: { resolved: { done: true, value: 'bytes: ' } }, close: RESOLVED },
        workerd: { read: REJECTED, close: RESOLVED },
      },
      ...each(
        { node: { read: DONE }, workerd: { read: REJECTED } },
        'a read after close() gives { done: true }',
        'a read in the same turn as close() gives { done: true }',
      ),
      'close() discards what has arrived and nobody has read': {
        node: { close: RESOLVED, read: DONE },
        workerd: { close: RESOLVED, read: REJECTED },
      },
      'close() during tee() ends both branches': {
        node: { close: RESOLVED, reads: [DONE, DONE] },
        workerd: { close: RESOLVED, reads: ['hangs', 'hangs'] },
      },
      'close() during for await ends the loop': {
        node: { close: RESOLVED, loop: { resolved: 'ended' } },
        workerd: { close: RESOLVED, loop: REJECTED },
      },
    },
  },
  {
    row: 'Socket: close(reason) aborts the writable with the reason',
    reason: 'the spec; workerd takes no reason',
    scenarios: {
      'close(reason) aborts the writable with the reason': {
        node: { write: true, closed: true },
        workerd: { write: false, closed: false },
      },
    },
  },
  {
    row: 'Socket: close() delivers everything that was written before it',
    reason: 'workerd cuts off what is written when the writer is closing already',
    scenarios: {
      'close() while writer.close() waits for the peer delivers everything': {
        node: { write: RESOLVED, close: RESOLVED, isWhole: true, end: 'fin' },
        workerd: { write: REJECTED, close: RESOLVED, isWhole: false, end: 'fin' },
      },
    },
  },
  {
    row: 'Socket: close() delivers what was written before it',
    reason:
      'a FIN goes out before the descriptor is closed, because a RST (which unread data provoke) can destroy what the peer has not read yet',
    scenarios: {
      'close() sends FIN although something has arrived that nobody has read': {
        node: { close: RESOLVED, peer: { received: '', end: 'fin' } },
        workerd: { close: RESOLVED, peer: { received: '', end: 'reset' } },
      },
    },
  },
  {
    row: 'Socket: readable.cancel() and writable.close() release the descriptor',
    reason:
      'nothing can be read or written any more; workerd keeps the descriptor until the socket is collected',
    scenarios: {
      'readable.cancel() and writable.close() release the descriptor': {
        node: { peer: { received: '', end: 'fin' }, released: { refused: true } },
        workerd: { peer: { received: '', end: 'fin' }, released: { refused: false } },
      },
    },
  },
  {
    row: 'Socket: peer FIN, allowHalfOpen false: a writable that somebody holds is errored',
    reason: 'a WritableStream of the standard cannot be closed from below; workerd closes its own',
    scenarios: {
      'FIN that was read errors a writable that somebody holds': {
        node: { closed: REJECTED, ready: REJECTED },
        workerd: { closed: RESOLVED, ready: RESOLVED },
      },
    },
  },
  {
    row: 'Socket: peer FIN, allowHalfOpen true: closed resolves when the writable is closed too',
    reason: 'the connection is over then; in workerd only close() resolves closed',
    scenarios: {
      'allowHalfOpen: closed resolves when the writable is closed after FIN': {
        node: { read: 'hello', close: RESOLVED, closed: RESOLVED, peer: { received: 'bye', end: 'fin' } },
        workerd: { read: 'hello', close: RESOLVED, closed: 'hangs', peer: { received: 'bye', end: 'fin' } },
      },
      'allowHalfOpen: closed resolves when FIN is read after the writable is closed': {
        node: {
          close: RESOLVED,
          peer: { received: 'request', end: 'fin' },
          isPending: true,
          read: 'answer',
          closed: RESOLVED,
        },
        workerd: {
          close: RESOLVED,
          peer: { received: 'request', end: 'fin' },
          isPending: true,
          read: 'answer',
          closed: 'hangs',
        },
      },
    },
  },
  {
    row: 'Socket: peer FIN, allowHalfOpen false: closed resolves once the readable has been read to its end',
    reason:
      'whoever reads it; workerd does not notice the end behind tee(), a Response, a pipe to itself or a split element',
    scenarios: {
      'tee() read to its end resolves closed': {
        node: { closed: RESOLVED, peer: { resolved: 'fin' } },
        workerd: { closed: 'hangs', peer: 'hangs' },
      },
      'new Response(readable).text() reads to the end': {
        node: { text: 'hello', closed: RESOLVED },
        workerd: { text: 'hello', closed: 'hangs' },
      },
      'the readable can be piped into the writable of the same socket until the peer ends': {
        node: { piped: RESOLVED, peer: { received: 'echo me', end: 'fin' }, closed: RESOLVED },
        workerd: { piped: RESOLVED, peer: { received: 'echo me', end: 'fin' }, closed: 'hangs' },
      },
      'a BYOB read of a Uint16Array that FIN cuts in the middle of an element rejects': {
        node: { read: REJECTED, closed: RESOLVED, peer: { resolved: 'fin' } },
        workerd: { read: text('a'), closed: 'hangs', peer: 'hangs' },
      },
    },
  },
  {
    row: 'Socket: peer RST errors the readable',
    reason:
      'what was lost must be seen by the reader; workerd ends the readable when it is a write that fails',
    scenarios: {
      'RST during a write errors the readable too': { node: { read: REJECTED }, workerd: { read: DONE } },
    },
  },
];
