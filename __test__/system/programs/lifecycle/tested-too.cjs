// For the modes of Node's own test runner, together with tested.cjs.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { connect } = require('../../../../index.js');
const { roundTrip } = require('./round-trip.cjs');

test('a socket in another file', async () => {
  assert.equal(await roundTrip(connect), 'works');
});
