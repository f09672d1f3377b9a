// npm run demo                  a tour of the API, against servers of its own
// npm run demo -- HOST:PORT     talks to an address as `nc` does: stdin to the socket, the socket to stdout

import { talk } from './talk.mjs';
import { tour } from './tour.mjs';

const USAGE = `Usage:
  npm run demo                  a tour of the API, against servers of its own
  npm run demo -- HOST:PORT     stdin to the socket, the socket to stdout, as nc does

  node demo/demo.mjs HOST:PORT  the same without npm's lines on stdout, for use in a pipe

HOST:PORT is a name or an IP address and a port: example.com:80, 127.0.0.1:6379, [::1]:80.
`;

process.exitCode = await main(process.argv.slice(2));

/**
 * @param {string[]} args
 * @returns {Promise<number>} The exit code.
 */
async function main(args) {
  const [address] = args;
  if (address === undefined) return tour();
  if (address === '--help' || address === '-h') {
    console.log(USAGE);
    return 0;
  }
  if (args.length > 1) return misused(`one address is needed, but there are ${args.length} arguments`);
  if (address.startsWith('-')) return misused(`there is no option ${address}`);
  return talk(address, misused);
}

/** @param {string} problem */
function misused(problem) {
  console.error(`demo: ${problem}\n\n${USAGE}`);
  return 2;
}
