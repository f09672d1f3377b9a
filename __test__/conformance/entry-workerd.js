/** The worker that `run-in-workerd.js` deploys: runs one scenario per request. */
// @ts-ignore: a module of the runtime
import { connect } from 'cloudflare:sockets';
import { noteUnhandled, runScenario, unhandledMessages } from './harness.js';
import { scenarioNamed } from './scenarios/index.js';

addEventListener('unhandledrejection', (event) => noteUnhandled(/** @type {any} */ (event).reason));

export default {
  async fetch(/** @type {Request} */ request) {
    const { name, where } = await request.json();
    if (!name) return Response.json(unhandledMessages());
    return Response.json(await runScenario(scenarioNamed(name), connect, where, { isWorkerd: true }));
  },
};
