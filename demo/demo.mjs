// npm run demo                  a tour of the API, against servers of its own
// npm run demo -- HOST:PORT     talks to an address as `nc` does: stdin to the socket, the socket to stdout
// npm run demo -- --tls HOST:PORT
//                               the same with TLS

import { talk } from './talk.mjs';
import { tour } from './tour.mjs';

const USAGE = `Usage:
  npm run demo                  a tour of the API, against servers of its own
  npm run demo -- HOST:PORT     stdin to the socket, the socket to stdout, as nc does
  npm run demo -- --tls HOST:PORT
                                the same with TLS

  node demo/demo.mjs HOST:PORT  the same without npm's lines on stdout, for use in a pipe

HOST:PORT is a name or an IP address and a port: example.com:80, 127.0.0.1:6379, [::1]:80.
NODE_EXTRA_CA_CERTS names a file with authorities to trust besides those of the web.
`;

process.exitCode = await main(process.argv.slice(2));

/**
 * @param {string[]} args
 * @returns {Promise<number>} The exit code.
 */
async function main(args) {
  if (args.length === 0) return tour();
  const usesTls = args[0] === '--tls';
  const [address, ...rest] = usesTls ? args.slice(1) : args;
  if (address === undefined) return misused('--tls needs an address');
  if (address === '--help' || address === '-h') {
    console.log(USAGE);
    return 0;
  }
  if (address.startsWith('-')) return misused(`there is no option ${address}`);
  if (rest.length > 0) return misused(`one address is needed, but there are ${rest.length + 1} arguments`);
  return talk(address, usesTls, misused);
}

/** @param {string} problem */
function misused(problem) {
  console.error(`demo: ${problem}\n\n${USAGE}`);
  return 2;
}
