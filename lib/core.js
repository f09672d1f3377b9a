'use strict';

// The native core of this thread: who waits for which event, and when small writes are flushed.

const { load, usesTokio } = require('./native.js');
const { nextTick } = require('./timing.js');

const { Core } = load();

/** An event will follow. */
const WAIT = -1;
/** It failed; `core.takeFailure(key)` tells why. */
const FAILED = -2;
/** The bytes of a send were gathered; a flush is due. */
const GATHERED = 1;

/** What happened to a connection; the flags of `src/engine/mod.rs`. */
const OPENED = 1;
const CONNECT_FAILED = 2;
const READABLE = 4;
const WRITABLE = 8;
const BROKEN = 16;
const CLOSED = 32;

/** So many events fit into one call of `dispatch`. */
const MOST_EVENTS = 64;

/** Most bytes of a receive; larger ones were measured to be slower. */
const SLAB_SIZE = 65536;

/**
 * After operations of this cost that completed at once, one is finished through `setImmediate`: a loop over a socket that
 * is always ready must not keep timers and other sockets waiting. That makes 16 system calls, or 64 KiB in writes of 1 KiB
 * that are gathered.
 */
const MOST_INLINE = 64;
/** The cost of an operation with a system call. */
const SYSTEM_CALL = 4;
/** The cost of a write that was gathered. */
const COPY = 1;

/** Connection keys have their slot's number in the low bits; the rest tells its tenants apart. */
const SLOT_MASK = 0xfffff;

const events = new Uint32Array(2 * MOST_EVENTS);
const slab = new Uint8Array(SLAB_SIZE);
const core = new Core(dispatch, events, slab, usesTokio);
const { recv, recvInto, send, flush, shutdown, close } = core.hot();

/**
 * The connections that an operation is in flight for, by slot. They are held here, and only here, so that a socket that
 * nobody can reach and that waits for nothing can be collected.
 *
 * @type {(import('./connection.js').Connection | undefined)[]}
 */
const inFlight = [];

/** Closes what was collected. @type {FinalizationRegistry<Remains>} */
const collected = new FinalizationRegistry((remains) => {
  close(remains.key);
  remains.closed.resolve(undefined);
});

/**
 * What is left of a connection when it is collected.
 *
 * @typedef {{ key: number, closed: import('./deferred.js').Deferred<void> }} Remains
 */

let inline = 0;
/** No tick follows any more. */
let isExiting = false;
/** Connections with gathered writes. @type {import('./connection.js').Connection[]} */
let gathered = [];

/**
 * Keeps a connection while it waits for an event.
 *
 * @param {import('./connection.js').Connection} connection
 * @param {number} key
 */
function hold(connection, key) {
  inFlight[key & SLOT_MASK] = connection;
}

/**
 * Lets go of a connection that waits for nothing any more.
 *
 * @param {number} key
 */
function letGo(key) {
  inFlight[key & SLOT_MASK] = undefined;
}

/**
 * Tells connections what happened. Called by the core once for each turn of the event loop; the microtasks run after it.
 *
 * @param {number} count
 */
function dispatch(count) {
  inline = 0;
  // Handlers may flush, which fills the array anew: take the events out first.
  const batch = count === 1 ? undefined : events.slice(0, 2 * count);
  if (batch === undefined) return tell(events[0], events[1]);
  for (let i = 0; i < batch.length; i += 2) tell(batch[i], batch[i + 1]);
}

/**
 * @param {number} key
 * @param {number} happened
 */
function tell(key, happened) {
  const connection = inFlight[key & SLOT_MASK];
  // Nobody waits for it any more, or the slot has a new tenant.
  if (connection === undefined || connection.key !== key) return;
  connection.onEvent(happened);
}

/**
 * Whether the operation that just completed inline should still be finished in a later turn.
 *
 * @param {number} cost
 */
function mustYield(cost) {
  inline += cost;
  if (inline <= MOST_INLINE) return false;
  inline = 0;
  return true;
}

/**
 * Sees to it that gathered writes leave when the user's microtasks have run, before the event loop goes on.
 *
 * @param {import('./connection.js').Connection} connection
 */
function scheduleFlush(connection) {
  gathered.push(connection);
  if (isExiting) flushAll();
  else if (gathered.length === 1) nextTick(flushAll);
}

function flushAll() {
  if (gathered.length === 0) return;
  const connections = gathered;
  gathered = [];
  for (let count = flush(); count > 0; count = flush()) dispatch(count);
  for (const connection of connections) connection.onFlushed();
}

process.on('exit', () => {
  // `process.exit()` skips the ticks that are due, and other listeners may still write.
  isExiting = true;
  flushAll();
});

exports.WAIT = WAIT;
exports.SYSTEM_CALL = SYSTEM_CALL;
exports.COPY = COPY;
exports.FAILED = FAILED;
exports.GATHERED = GATHERED;
exports.OPENED = OPENED;
exports.CONNECT_FAILED = CONNECT_FAILED;
exports.READABLE = READABLE;
exports.WRITABLE = WRITABLE;
exports.BROKEN = BROKEN;
exports.CLOSED = CLOSED;
exports.SLAB_SIZE = SLAB_SIZE;
exports.slab = slab;
exports.core = core;
exports.recv = recv;
exports.recvInto = recvInto;
exports.send = send;
exports.shutdown = shutdown;
exports.close = close;
exports.collected = collected;
exports.hold = hold;
exports.letGo = letGo;
exports.mustYield = mustYield;
exports.scheduleFlush = scheduleFlush;
