/** A runtime that serves scenarios over HTTP: what both sides of the comparison look like to the test. */
import { request } from 'node:http';

/**
 * @typedef {object} Runtime
 * @property {string} name
 * @property {(name: string, where: object) => Promise<{ outcome: any, errors: import('./harness.js').SeenError[] }>} run
 * @property {() => Promise<string[]>} unhandled Every unhandled rejection since the runtime started.
 * @property {() => Promise<void>} stop
 */

/**
 * @param {{ name: string, port: number, child: import('node:child_process').ChildProcess, stop: () => Promise<void> }} process
 * @returns {Runtime}
 */
export function runtimeAt({ name, port, child, stop }) {
  // A runtime that crashed answers nothing; say so rather than ECONNREFUSED.
  const post = async (/** @type {object} */ body) => {
    try {
      return await postJson(port, body);
    } catch (error) {
      const { exitCode, signalCode } = child;
      throw new Error(`${name} did not answer (exit code ${exitCode}, signal ${signalCode}): ${error}`, {
        cause: error,
      });
    }
  };
  return { name, run: (scenario, where) => post({ name: scenario, where }), unhandled: () => post({}), stop };
}

/**
 * Not `fetch`: its pool would hold the process open, and a failure there would hide which side failed.
 *
 * @param {number} port
 * @param {object} body
 * @returns {Promise<any>}
 */
function postJson(port, body) {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method: 'POST', agent: false };
    const outgoing = request(options, async (response) => {
      try {
        let text = '';
        for await (const chunk of response) text += chunk;
        if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}: ${text}`);
        resolve(JSON.parse(text));
      } catch (error) {
        reject(error);
      }
    });
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify(body));
  });
}
