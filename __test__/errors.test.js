import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';

import errors from '../lib/errors.js';

const { SocketError, fromFailure } = errors;

/** A record as the native side makes it. */
function failure(overrides = {}) {
  return {
    code: 'ECONNREFUSED',
    errno: -111,
    syscall: 'connect',
    message: 'connection refused',
    address: '127.0.0.1',
    port: 5432,
    ...overrides,
  };
}

test('a SocketError is a TypeError whose name stays TypeError', () => {
  const error = new SocketError('connection failed');
  assert.ok(error instanceof TypeError);
  assert.ok(error instanceof SocketError);
  assert.equal(error.name, 'TypeError');
  assert.equal(Object.hasOwn(error, 'name'), false);
  assert.equal(error.constructor.name, 'SocketError');
});

test('the message starts with "SocketError: ", once', () => {
  assert.equal(new SocketError('connection failed').message, 'SocketError: connection failed');
  assert.equal(new SocketError('SocketError: connection failed').message, 'SocketError: connection failed');
  assert.equal(new SocketError().message, 'SocketError: ');
});

test('Node prints a SocketError as the spec shows it', () => {
  const [line] = inspect(new SocketError('connection failed')).split('\n');
  assert.equal(line, 'SocketError [TypeError]: SocketError: connection failed');
  const [withCode] = inspect(new SocketError('connection failed', { code: 'ECONNREFUSED' })).split('\n');
  assert.equal(withCode, 'SocketError [TypeError]: SocketError: connection failed');
});

test('code, cause and errors are own properties only when they are given', () => {
  for (const bare of [new SocketError('x'), new SocketError('x', {}), new SocketError('x', undefined)]) {
    for (const name of ['code', 'cause', 'errors']) assert.equal(Object.hasOwn(bare, name), false, name);
  }
  const cause = new Error('why');
  const full = new SocketError('x', { code: 'EPIPE', cause, errors: [cause] });
  assert.equal(full.code, 'EPIPE');
  assert.equal(full.cause, cause);
  assert.deepEqual(full.errors, [cause]);
});

test('a cause that is undefined or null is kept, as in every Error', () => {
  assert.equal(Object.hasOwn(new SocketError('x', { cause: undefined }), 'cause'), true);
  assert.equal(new SocketError('x', { cause: null }).cause, null);
});

test('of its own properties only the code is enumerable, as in the errors of Node', () => {
  const error = new SocketError('x', { code: 'EPIPE', cause: new Error('why'), errors: [] });
  assert.deepEqual(Object.keys(error), ['code']);
});

test('errors is a copy of the list that was given', () => {
  const list = [new Error('first')];
  const error = new SocketError('x', { errors: list });
  list.push(new Error('second'));
  assert.equal(error.errors.length, 1);
});

test('a refused connection names the endpoint and the cause in words', () => {
  const error = fromFailure(failure(), '127.0.0.1:5432');
  assert.ok(error instanceof SocketError);
  assert.equal(error.message, 'SocketError: connect 127.0.0.1:5432 failed: connection refused');
  assert.equal(error.code, 'ECONNREFUSED');
  assert.equal(Object.hasOwn(error, 'errors'), false);
});

test('the endpoint in the message is the one that was asked for', () => {
  const error = fromFailure(failure(), 'db.example:5432');
  assert.equal(error.message, 'SocketError: connect db.example:5432 failed: connection refused');
  assert.equal(error.cause.message, 'connect ECONNREFUSED 127.0.0.1:5432');
});

test('the cause is the system error that node:net would give', () => {
  const { cause } = fromFailure(failure(), 'db.example:5432');
  assert.ok(cause instanceof Error);
  assert.equal(cause.message, 'connect ECONNREFUSED 127.0.0.1:5432');
  assert.deepEqual(
    { ...cause },
    { errno: -111, code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port: 5432 },
  );
});

test('the cause of a name that does not resolve is the error that node:dns would give', () => {
  const record = { code: 'ENOTFOUND', errno: -3008, syscall: 'getaddrinfo', message: 'host name not found' };
  const error = fromFailure(record, 'db.example:5432');
  assert.equal(error.message, 'SocketError: connect db.example:5432 failed: host name not found');
  assert.equal(error.code, 'ENOTFOUND');
  assert.equal(error.cause.message, 'getaddrinfo ENOTFOUND db.example');
  assert.deepEqual(
    { ...error.cause },
    { errno: -3008, code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'db.example' },
  );
});

test('an errno that is not known is left out of the cause', () => {
  const { cause } = fromFailure(
    { code: 'EAI_AGAIN', syscall: 'getaddrinfo', message: 'try again' },
    'db.example:5432',
  );
  assert.equal(Object.hasOwn(cause, 'errno'), false);
});

for (const [syscall, words] of [
  ['read', 'read from 127.0.0.1:5432'],
  ['write', 'write to 127.0.0.1:5432'],
  ['shutdown', 'shutdown of 127.0.0.1:5432'],
  ['connect', 'connect 127.0.0.1:5432'],
  ['getaddrinfo', 'connect 127.0.0.1:5432'],
]) {
  test(`a failed ${syscall} reads "${words} failed: …"`, () => {
    const error = fromFailure({ code: 'EPROTO', syscall, message: 'protocol error' }, '127.0.0.1:5432');
    assert.equal(error.message, `SocketError: ${words} failed: protocol error`);
    assert.equal(error.code, 'EPROTO');
    assert.equal(error.cause.syscall, syscall);
  });
}

test('several attempts are counted and named, and errors lists each', () => {
  const attempts = [failure({ address: '::1' }), failure()];
  const error = fromFailure(failure({ attempts }), 'localhost:5432');
  assert.equal(
    error.message,
    'SocketError: connect localhost:5432 failed: connection refused ' +
      '(2 addresses tried: [::1]:5432, 127.0.0.1:5432)',
  );
  assert.deepEqual(
    error.errors.map(({ message }) => message),
    ['connect ECONNREFUSED ::1:5432', 'connect ECONNREFUSED 127.0.0.1:5432'],
  );
  assert.equal(error.cause, error.errors[1]);
});

test('attempts that failed for different reasons are named with theirs', () => {
  const attempts = [
    failure({ address: '::1', code: 'ENETUNREACH', errno: -101, message: 'network is unreachable' }),
    failure(),
  ];
  const error = fromFailure(
    { code: 'ECONNREFUSED', syscall: 'connect', message: 'connection refused', attempts },
    'localhost:5432',
  );
  assert.equal(
    error.message,
    'SocketError: connect localhost:5432 failed: connection refused ' +
      '(2 addresses tried: [::1]:5432 network is unreachable, 127.0.0.1:5432 connection refused)',
  );
  assert.equal(error.cause, error.errors[1]);
});

test('a message names at most six attempts, errors has them all', () => {
  const attempts = Array.from({ length: 20 }, (_, i) => failure({ address: `10.0.0.${i}` }));
  const error = fromFailure(failure({ attempts }), 'many.example:5432');
  assert.match(error.message, /20 addresses tried: 10\.0\.0\.0:5432, .*10\.0\.0\.5:5432, and 14 more\)$/);
  assert.equal(error.errors.length, 20);
});
