// For `--build-snapshot`, which has `require()` for built-in modules only: packages come in when the snapshot is run.

const { startupSnapshot } = require('node:v8');

if (process.env.REQUIRE_NOW) require(process.env.REQUIRE_NOW);

startupSnapshot.setDeserializeMainFunction(async () => {
  const { createRequire } = require('node:module');
  const load = createRequire(process.env.PROGRAM);
  console.log(await load('./round-trip.cjs').roundTrip(load('../../../../index.js').connect));
});
