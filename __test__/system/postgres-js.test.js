// `postgres`: programs/on-workers/postgres-js.js.

import { fixture } from '../helpers/tls-server.js';
import { testOnWorkers } from './helpers/on-workers.js';

// It has no way to be told whom to trust.
await testOnWorkers('postgres-js', { env: { NODE_EXTRA_CA_CERTS: fixture('root.pem') } });
