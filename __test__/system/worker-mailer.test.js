// `worker-mailer`: programs/on-workers/worker-mailer.js.

import { fixture } from '../helpers/tls-server.js';
import { testOnWorkers } from './helpers/on-workers.js';

await testOnWorkers('worker-mailer', {
  // It has no way to be told whom to trust.
  env: { NODE_EXTRA_CA_CERTS: fixture('root.pem') },
  // It does not clear its timers, of 30 seconds and more, which would keep the process.
  flags: ['--test-force-exit'],
});
