// System calls of the libuv reactor, as strace counts them.
//
// An `epoll_wait` that has nothing to tell is libuv's: before it waits for real it looks without waiting, because Node has it
// measure how long it was idle. How often that finds nothing is a matter of how fast the peer is, for `node:net` just as for
// us; so what counts is how often there was something.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { listen } from './helpers/peers.js';
import { countCalls, skip } from './helpers/strace.js';

const options = { skip, timeout: 120_000 };

/** Node's own doings, such as to wake itself up, once in a hundred operations. */
const NOISE = 0.01;

/** A close that finds something unacknowledged looks at it again later, which other threads see to. It is rare without TLS. */
const LINGERING = 0.5;

const kinds = [
  ['', false],
  [' over TLS', true],
];

/** Runs a workload, and shows the calls for each time that it ran. */
async function count(t, service, secure, what) {
  const peer = await listen(t, service, { secure });
  const { done, calls } = await countCalls(t, { ...what, peer });
  t.diagnostic(`for each of ${what.count}: ${calls.per(what.count)}`);
  return { done, calls };
}

/** Nothing but these calls was made, in this thread or another. */
function assertNothingBut(names, { calls, operations, noise = NOISE }) {
  const others = calls.except(...names) + calls.elsewhere;
  assert.ok(others <= noise * operations, `${others} other calls in ${operations} operations`);
}

/** Something woke us so often, but for noise. */
function assertWakeUps(calls, most) {
  const wakeUps = calls.of('epoll_wait', 'something');
  assert.ok(wakeUps <= (1 + NOISE) * most, `${wakeUps} wake-ups where ${most} are needed`);
}

describe('system calls', { concurrency: 2 }, () => {
  for (const [words, secure] of kinds) {
    test(`a round trip of 64 bytes${words} is send, epoll_wait, recv`, options, async (t) => {
      const what = { workload: 'roundTrips', warmUp: 200, count: 2000 };
      const { done, calls } = await count(t, 'echo', secure, what);
      // After a short read nobody asks for more before there is an event, and what is watched stays so.
      assert.equal(calls.of('send'), done.trips);
      assert.equal(calls.of('recv'), done.trips);
      assertWakeUps(calls, done.trips);
      assertNothingBut(['send', 'epoll_wait', 'recv'], { calls, operations: done.trips });
    });

    test(`a chunk of a download${words} is one recv`, options, async (t) => {
      const what = { workload: 'download', warmUp: 4, count: 200 };
      const { done, calls } = await count(t, 'source', secure, what);
      const wakeUps = calls.of('epoll_wait', 'something');
      assert.equal(calls.of('send'), done.bursts);
      // With TLS a chunk may come from what a former receive left over, and records may come in parts.
      if (!secure) assert.equal(calls.of('recv', 'something'), done.reads);
      else assert.ok(calls.of('recv', 'something') <= 1.2 * done.reads);
      // One that brings nothing is followed by a wait, and a wait by a chunk.
      assert.ok(calls.of('recv', 'nothing') <= wakeUps + 1);
      assert.ok(wakeUps <= done.reads);
      // One in 16 lets the event loop go on, which may tell of bytes that nobody waits for at that moment: then the watch
      // ends, and begins again with the next wait, which takes libuv three calls.
      assert.ok(calls.of('epoll_ctl') <= (3 / 16) * done.reads);
      assertNothingBut(['send', 'epoll_wait', 'recv', 'epoll_ctl'], { calls, operations: done.reads });
    });

    test(`an awaited write of 64 KiB${words} is one send`, options, async (t) => {
      const what = { workload: 'upload', warmUp: 4, count: 200 };
      const { done, calls } = await count(t, 'sink', secure, what);
      assert.equal(calls.of('send'), done.writes);
      // The answer to a burst.
      assert.equal(calls.of('recv'), done.bursts);
      assertWakeUps(calls, done.bursts);
      assertNothingBut(['send', 'epoll_wait', 'recv'], { calls, operations: done.writes });
    });

    // In a turn of the loop one goes out at once, and the next 60 together: 9 turns for 512 writes, thus 18 calls of send and
    // 8 of epoll_wait; a fifth on top.
    test(`512 awaited writes of 1 KiB${words} are at most 21 sends`, options, async (t) => {
      const what = { workload: 'smallWrites', warmUp: 4, count: 20 };
      const { done, calls } = await count(t, 'sink', secure, what);
      assert.equal(done.writes, 512 * done.bursts);
      assert.ok(calls.of('send') <= 21 * done.bursts);
      assert.ok(calls.of('epoll_wait') <= 10 * done.bursts);
      assert.equal(calls.of('recv'), done.bursts);
      assertNothingBut(['send', 'epoll_wait', 'recv'], { calls, operations: done.writes });
    });
  }

  /**
   * When the answer has to be waited for. A quick peer saves two of `epoll_ctl` and one each of `recv` and `epoll_wait`; one
   * that ends at once saves one of `ioctl`.
   *
   * @type {Record<string, number>}
   */
  const perConnection = {
    socket: 1,
    // TCP_NODELAY.
    setsockopt: 1,
    connect: 1,
    // How the connect ended, and the local address.
    getsockopt: 1,
    getsockname: 1,
    // Two for libuv to see that it can watch a socket; two each to watch it for the connect and for the answer, as it ends the
    // former watch first, also if there is none; one to end that.
    epoll_ctl: 7,
    send: 1,
    // Nothing yet, the answer, and whether something unread would turn the close into a reset.
    recv: 3,
    // libuv makes it non-blocking; without the peer's FIN: is everything acknowledged?
    ioctl: 2,
    shutdown: 1,
    close: 1,
  };
  const known = [...Object.keys(perConnection), 'epoll_wait'];

  test('connect, round trip and close are 17 to 22 calls', options, async (t) => {
    const what = { workload: 'connections', warmUp: 20, count: 200 };
    const { done, calls } = await count(t, 'echo', false, what);
    const { connections } = done;
    for (const [name, most] of Object.entries(perConnection)) {
      assert.ok(calls.of(name) <= most * connections, `${name}: ${calls.of(name) / connections}`);
    }
    // That it is connected, and the answer.
    assert.ok(calls.of('epoll_wait', 'something') <= 2 * connections);
    assertNothingBut(known, { calls, operations: connections, noise: LINGERING });
  });

  test('with a peer that is slow they are 22', options, async (t) => {
    const what = { workload: 'connections', warmUp: 20, count: 50 };
    const { done, calls } = await count(t, 'slowEcho', false, what);
    for (const [name, number] of Object.entries(perConnection)) {
      assert.ok(calls.of(name) <= number * done.connections, name);
      // On a machine with much else to do we may be slower than the peer now and then.
      assert.ok(calls.of(name) >= 0.9 * number * done.connections, name);
    }
    assertWakeUps(calls, 2 * done.connections);
    assertNothingBut(known, { calls, operations: done.connections });
  });

  test('connect, round trip and close over TLS are four sends', options, async (t) => {
    const what = { workload: 'connections', warmUp: 20, count: 200 };
    const { done, calls } = await count(t, 'echo', true, what);
    // The two flights of the handshake, the message, and close_notify with FIN.
    assert.equal(calls.of('send'), 4 * done.connections);
    // The server's flight, its session tickets, and the answer; one more if a flight comes in two parts. What is received at
    // the end, and for how long, is up to the server.
    assert.ok(calls.of('recv', 'something') <= 4 * done.connections);
    for (const name of ['socket', 'connect', 'shutdown', 'close']) {
      assert.equal(calls.of(name), done.connections, name);
    }
  });
});
