/** A child process that answers lines on its standard input with lines of JSON. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Far longer than any answer takes, however slow the peer. */
const TIMEOUT = 180_000;

/** Who signed the server's certificate. Not every peer can be told by its API whom to trust. */
export const CA = fileURLToPath(new URL('certificates/ca.pem', import.meta.url));

/** @typedef {ReturnType<typeof startProcess>} Process */

/** @param {string[]} command */
export function startProcess([file, ...args]) {
  const child = spawn(file, args, { env: { ...process.env, NODE_EXTRA_CA_CERTS: CA } });
  let errors = '';
  const closed = once(child, 'close').catch((error) => {
    // It could not even be started.
    errors += error.message;
    return [];
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  // A write to a process that has gone shows as an answer that never comes.
  child.stdin.on('error', () => {});
  child.stderr.on('data', (chunk) => (errors += chunk));

  return {
    pid: child.pid ?? 0,

    /** The next line, for which it may also be asked. */
    async answer(question = '') {
      if (question) child.stdin.write(`${question}\n`);
      const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT);
      const { done, value } = await lines.next();
      clearTimeout(timer);
      if (!done) return JSON.parse(value);
      const [code, signal] = await closed;
      throw new Error(errors.trim() || (signal ? `killed by ${signal}` : `exit code ${code}`));
    },

    /** Ends its input, and waits for it to exit, which it must do then. */
    async stop() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT);
      await closed;
      clearTimeout(timer);
    },
  };
}
