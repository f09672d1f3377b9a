// What the tests need of the system they run on.

/** For the option `skip` of tests that count descriptors and memory in /proc, or use 127.0.0.2 and the like. */
export const needsLinux =
  process.platform === 'linux' ? false : 'needs Linux: /proc and the network 127.0.0.0/8';
