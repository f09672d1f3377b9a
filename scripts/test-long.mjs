// `npm run test:long`: what takes too long for every change. All faults for all scenarios, 20,000 sequences of the model,
// storms, floods and crowds, and then the fuzz targets, each for a few seconds.

import { runScript } from './commands.mjs';

process.env['WINTER_SOCKETS_LONG'] = '1';

const steps = [
  ['scripts/ready.mjs'],
  [
    'scripts/test-js.mjs',
    '--test-timeout=3600000',
    'model/',
    'faults/',
    'lifecycle',
    'limits',
    'hostile-tls',
  ],
  ['scripts/fuzz.mjs', '--smoke'],
];
for (const [script = '', ...args] of steps) {
  const { ok, status } = runScript(script, args);
  if (!ok) process.exit(status);
}
