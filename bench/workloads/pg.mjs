/**
 * A real one: npm's `pg`, unmodified, on the sockets that it finds in its process: those of `node:net`, or, where it takes
 * itself to be in a Worker, those of `cloudflare:sockets`.
 */

/** @typedef {import('./connect-api.mjs').Workload} Workload */

/** Rows of one large result. */
export const ROWS = 100_000;

const MANY = `SELECT i AS id, 'row number ' || i AS name FROM generate_series(1, ${ROWS}) AS i`;

/**
 * @param {string} socket The class that `pg` must use, so that a figure is not that of another.
 * @returns {Record<string, Workload>}
 */
export function pgWorkloads(socket) {
  return {
    'pg-select': ({ pg }) =>
      withClient(pg, socket, async (client, amount) => {
        for (let i = 0; i < amount; i++) await client.query('SELECT 1');
      }),
    'pg-rows': ({ pg }) =>
      withClient(pg, socket, async (client, amount) => {
        for (let i = 0; i < amount; i++) {
          const { rowCount } = await client.query(MANY);
          if (rowCount !== ROWS) throw new Error(`received ${rowCount} rows`);
        }
      }),
  };
}

/**
 * @param {import('./connect-api.mjs').Address} address
 * @param {string} socket
 * @param {(client: any, amount: number) => Promise<void>} run
 * @returns {Promise<import('./connect-api.mjs').Lane>}
 */
async function withClient({ hostname, port }, socket, run) {
  // Here, because the other workloads would pay for it.
  // @ts-ignore: it has no types
  const { default: pg } = await import('pg');
  const client = new pg.Client({ host: hostname, port, user: 'winter', database: 'postgres' });
  await client.connect();
  const used = client.connection.stream.constructor.name;
  if (used !== socket) throw new Error(`pg uses ${used}, and not ${socket}`);
  return { run: (amount) => run(client, amount), close: () => client.end() };
}
