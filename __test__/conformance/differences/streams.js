/** The streams, where workerd departs from the Streams standard. */
import { isFast } from '../../../lib/fast-path.js';
import { DONE, RESOLVED, REJECTED, text, each } from './shown.js';

/** @type {import('../differences.js').Difference[]} */
export const inStreams = [
  {
    row: 'Streams: every chunk owns its whole ArrayBuffer',
    reason:
      'so that it can be transferred without more than its bytes; workerd hands out parts of 4 KiB buffers',
    scenarios: {
      'a chunk owns its whole buffer': {
        node: { offset: 0, whole: true },
        workerd: { offset: 0, whole: false },
      },
      'every chunk of a large transfer owns its whole buffer, and no two share one': {
        node: { whole: true, distinct: true },
        workerd: { whole: false, distinct: true },
      },
    },
  },
  {
    row: 'Streams: default and BYOB readers (the Streams standard)',
    reason: 'any number of reads may wait; workerd allows one',
    scenarios: {
      ...each(
        {
          node: { fates: [text('0'), text('1'), text('2')] },
          workerd: { fates: [text('0'), REJECTED, REJECTED] },
        },
        'reads that are not awaited are answered in order',
        'BYOB reads that are not awaited are answered in order',
      ),
      'reads that are not awaited share what has arrived': {
        node: { first: text('here'), second: text('later') },
        workerd: { first: text('here'), second: REJECTED },
      },
      'several reads may wait at once, and FIN ends them all': {
        node: { reads: [DONE, DONE, DONE] },
        workerd: { reads: [DONE, REJECTED, REJECTED] },
      },
    },
  },
  {
    row: 'Streams: BYOB readers (the Streams standard)',
    reason: 'a view comes back as what it was, in whole elements, and the last bytes before the end are done',
    scenarios: {
      'a BYOB read takes a DataView': {
        node: { type: 'DataView', length: 5, offset: 0 },
        workerd: { type: 'Uint8Array', length: 5, offset: 0 },
      },
      'a BYOB read takes a Uint16Array and gives whole elements': {
        node: { type: 'Uint16Array', length: 2, first: true },
        workerd: { type: 'Uint8Array', length: 4, first: false },
      },
      'a BYOB read of a Uint16Array waits for the second half of an element': {
        node: { waits: true, length: 1 },
        workerd: { waits: true, length: 2 },
      },
      'a BYOB read with min that FIN cuts short gives what there was': {
        node: { first: { resolved: { done: true, value: 'bytes: abc' } }, done: true },
        workerd: { first: text('abc'), done: true },
      },
    },
  },
  {
    row: 'Streams: cancel and releaseLock (the Streams standard)',
    reason:
      'cancel() answers a read that waits with { done: true }, releaseLock() rejects it; workerd rejects, and throws',
    scenarios: {
      ...each(
        { node: { cancel: RESOLVED, read: DONE }, workerd: { cancel: RESOLVED, read: REJECTED } },
        'cancel() ends a read that waits',
        'cancel() ends a BYOB read that waits without a view',
      ),
      ...each(
        {
          node: { released: 'does not throw', read: 'a TypeError', next: 'for the next' },
          workerd: { released: 'throws a TypeError', read: 'resolved', next: 'locked' },
        },
        'releaseLock() rejects a read that waits, and leaves the bytes to the next reader',
        'releaseLock() with a BYOB read that waits leaves the bytes to the next reader',
      ),
    },
  },
  {
    row: 'Streams: pipeTo (the Streams standard)',
    reason: 'a signal ends a pipe at once; in workerd it waits for the next chunk',
    scenarios: {
      'pipeTo() that its signal aborts rejects with the reason': {
        node: { piped: { resolved: true }, locked: false },
        workerd: { piped: 'hangs', locked: true },
      },
    },
  },
  {
    row: 'Streams: a chunk of a wrong type rejects with a TypeError (and, by the Streams standard, errors the stream)',
    reason: 'a sink that fails errors its WritableStream; workerd goes on',
    scenarios: {
      'a chunk of a wrong type errors the writable': {
        node: { wrong: REJECTED, right: 'is rejected' },
        workerd: { wrong: REJECTED, right: 'is taken' },
      },
    },
  },
  // The fast writer (see lib/fast-path.js) has no such delay.
  ...(isFast
    ? []
    : [
        {
          row: 'Streams: bytes are taken at the moment of the write to the sink',
          reason:
            'a WritableStream of the standard starts a microtask after it was made; workerd copies at once',
          scenarios: {
            'the first write takes its bytes a microtask after write() was called': {
              node: { peer: { received: 'xxxxxxxx', end: 'fin' } },
              workerd: { peer: { received: 'original', end: 'fin' } },
            },
          },
        },
      ]),
  {
    row: 'Streams: close and abort of a writer (the Streams standard)',
    reason:
      'what comes after close() or abort() is refused; workerd delivers writes and closes again after close()',
    scenarios: {
      ...each(
        {
          node: { write: REJECTED, close: RESOLVED, peer: { received: '', end: 'fin' } },
          workerd: { write: RESOLVED, close: RESOLVED, peer: { received: 'late', end: 'fin' } },
        },
        'a write after writer.close() rejects',
        'a write after writer.close() rejects while the socket is pending too',
      ),
      'writer.close() twice rejects the second time': {
        node: { one: RESOLVED, two: REJECTED },
        workerd: { one: RESOLVED, two: RESOLVED },
      },
      'writer.abort() rejects what comes after it with its reason': {
        node: { abort: RESOLVED, write: true, closed: true },
        workerd: { abort: RESOLVED, write: false, closed: true },
      },
      'desiredSize is 0 after writer.close() and null after an error': {
        node: { closed: 0, errored: null },
        workerd: { closed: 0, errored: 0 },
      },
      'writer.closed rejects after close()': {
        node: { closed: REJECTED, desiredSize: null },
        workerd: { closed: REJECTED, desiredSize: 0 },
      },
    },
  },
];
