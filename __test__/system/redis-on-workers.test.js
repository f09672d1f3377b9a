// `redis-on-workers`: programs/on-workers/redis-on-workers.js.

import { fixture } from '../helpers/tls-server.js';
import { testOnWorkers } from './helpers/on-workers.js';

// It has no way to be told whom to trust.
await testOnWorkers('redis-on-workers', { env: { NODE_EXTRA_CA_CERTS: fixture('root.pem') } });
