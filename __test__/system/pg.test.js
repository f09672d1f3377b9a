// `pg` with `pg-cloudflare`: programs/on-workers/pg.js.

import { testOnWorkers } from './helpers/on-workers.js';

await testOnWorkers('pg');
