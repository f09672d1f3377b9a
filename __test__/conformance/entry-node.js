/** The process that `run-in-node.js` starts: runs one scenario per request, on our package. */
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { noteUnhandled, runScenario, unhandledMessages } from './harness.js';
import { scenarioNamed } from './scenarios/index.js';

const { connect } = createRequire(import.meta.url)('../../index.js');

process.on('unhandledRejection', noteUnhandled);
// The test process is the only reason to live, however it ends.
process.on('disconnect', () => process.exit());

const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { name, where } = JSON.parse(body);
  const answer = name
    ? await runScenario(scenarioNamed(name), connect, where, { isWorkerd: false })
    : unhandledMessages();
  response.end(JSON.stringify(answer));
});
server.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  process.send?.({ port });
});
