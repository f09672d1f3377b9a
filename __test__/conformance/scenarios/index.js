/** Every scenario, by topic. */
import { addresses } from './addresses.js';
import { byob } from './byob.js';
import { chunks } from './chunks.js';
import { closingAfter } from './closing-after.js';
import { closing } from './closing.js';
import { ending } from './ending.js';
import { errors } from './errors.js';
import { failing } from './failing.js';
import { handling } from './handled.js';
import { info } from './info.js';
import { options } from './options.js';
import { pending } from './pending.js';
import { piping } from './piping.js';
import { reading } from './reading.js';
import { resetting } from './resetting.js';
import { shape } from './shape.js';
import { startTlsFailing } from './start-tls-failing.js';
import { startTlsOld } from './start-tls-old.js';
import { startTls } from './start-tls.js';
import { tlsEnding } from './tls-ending.js';
import { tlsFailing } from './tls-failing.js';
import { tls } from './tls.js';
import { ends } from './writable.js';
import { writing } from './writing.js';

/** @type {Record<string, import('../harness.js').Scenario[]>} */
export const topics = {
  Addresses: addresses,
  Options: options,
  'Pending state': pending,
  'Connect failure': failing,
  'close()': [...closing, ...closingAfter],
  'FIN and half-open': ending,
  RST: resetting,
  'Writing: chunks': chunks,
  'Writing: order and backpressure': writing,
  'Writing: close, abort, lock, pipe': ends,
  'Reading: default reader': reading,
  'Reading: BYOB reader': byob,
  'Reading: iteration, tee, pipe': piping,
  'Shape of Socket': shape,
  SocketInfo: info,
  'Shape of errors': errors,
  'Unhandled rejections': handling,
  TLS: [...tls, ...tlsEnding],
  'TLS handshake failure': tlsFailing,
  'startTls()': [...startTls, ...startTlsOld],
  'startTls() failure': startTlsFailing,
};

export const scenarios = Object.values(topics).flat();

const byName = new Map(scenarios.map((scenario) => [scenario.name, scenario]));

export function scenarioNamed(/** @type {string} */ name) {
  const scenario = byName.get(name);
  if (!scenario) throw new Error(`no scenario is called "${name}"`);
  return scenario;
}
