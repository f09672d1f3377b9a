/** PostgreSQL in the place of the server, for the workloads of `pg`: as the system has installed it, with a cluster of its own. */
import { skip, startPostgres } from '../__test__/system/helpers/postgres.js';

/** What to install, if it is not there. */
export const withoutPostgres = skip || undefined;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** @returns {Promise<import('./server.mjs').Server>} */
export async function startDatabase() {
  const { port, stop } = await startPostgres({ access: 'host all all 127.0.0.1/32 trust\n' });
  const address = { hostname: '127.0.0.1', port };
  // It is a daemon, and would outlive this process.
  const onSignal = () => {
    stop();
    process.exit(1);
  };
  for (const signal of SIGNALS) process.once(signal, onSignal);
  return {
    pid: await postmaster(address),
    addresses: /** @type {import('./workloads/connect-api.mjs').Addresses} */ ({ pg: address }),
    // It does not tell.
    window: async () => undefined,
    async stop() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
      stop();
    },
  };
}

/**
 * The process whose children serve the connections.
 *
 * @param {import('./workloads/connect-api.mjs').Address} address
 */
async function postmaster({ hostname, port }) {
  // @ts-ignore: it has no types
  const { default: pg } = await import('pg');
  const client = new pg.Client({ host: hostname, port, user: 'winter', database: 'postgres' });
  await client.connect();
  const { rows } = await client.query("SELECT pg_read_file('postmaster.pid') AS lines");
  await client.end();
  return Number.parseInt(rows[0].lines);
}
