// For the modes of Node's own test runner, together with tested-too.cjs.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { connect } = require('../../../../index.js');
const { roundTrip } = require('./round-trip.cjs');

test('a socket in a test of its own', async () => {
  assert.equal(await roundTrip(connect), 'works');
});

test('a socket that the test leaves open', async (t) => {
  const { echoServer } = require('./round-trip.cjs');
  const server = await echoServer();
  const socket = connect(`127.0.0.1:${server.address().port}`);
  t.after(async () => {
    await socket.close();
    server.close();
  });
  await socket.opened;
});
