// Networks that have less than usual: few ports, one family of addresses, small packets, and some of them lost.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { run } from '../helpers/child.js';
import { pem } from '../helpers/tls-server.js';
import { sandbox } from './programs/limits/sandbox.js';

const options = { timeout: 120_000 };

const BOTH = { hosts: '127.0.0.1 both\n::1 both\n' };

const fewPorts = sandbox('running out of ports', 'echo 40000 40009 > /proc/sys/net/ipv4/ip_local_port_range');
if (fewPorts !== undefined) {
  for (const hostname of ['127.0.0.1', 'localhost']) {
    test(
      `connections to ${hostname} beyond the last port fail with EADDRNOTAVAIL, and work again when one is free`,
      options,
      async (t) => {
        const main = async ({ connect, net }, hostname) => {
          const peers = [];
          const server = net.createServer((peer) => peers.push(peer.on('error', () => {}).resume()));
          await new Promise((resolve) => server.listen(7000, '127.0.0.1', resolve));
          const sockets = Array.from({ length: 30 }, () => connect({ hostname, port: 7000 }));
          const outcomes = await Promise.allSettled(sockets.map(({ opened }) => opened));
          const open = sockets.filter((_, i) => outcomes[i].status === 'fulfilled');
          const failed = outcomes.filter(({ status }) => status === 'rejected').map(({ reason }) => reason);
          // The ones that are open are none the worse for it.
          while (peers.length < open.length) await new Promise(setImmediate);
          const words = Promise.all(open.map(({ readable }) => new Response(readable).text()));
          // It is the peer that ends first, so that the ports are free at once.
          for (const peer of peers) peer.end('word');
          const received = await words;
          await Promise.all(open.map(({ closed }) => closed));
          const again = connect({ hostname, port: 7000 });
          await again.opened;
          await again.close();
          server.close();
          const [{ message, cause }] = failed;
          const codes = [...new Set(failed.map(({ code }) => code))];
          console.log(
            JSON.stringify({
              opened: open.length,
              received: received.join(),
              codes,
              message,
              syscall: cause.syscall,
            }),
          );
        };
        const { stdout, stderr } = await run(t, main, { prefix: fewPorts, args: [hostname] });
        assert.equal(stderr, '');
        const { opened, received, codes, message, syscall } = JSON.parse(stdout);
        t.diagnostic(`${opened} of 30 opened with 10 ports: ${message}`);
        assert.ok(opened > 0 && opened <= 10, `${opened} opened`);
        assert.equal(received, Array(opened).fill('word').join());
        assert.deepEqual(codes, ['EADDRNOTAVAIL']);
        assert.match(message, new RegExp(`^SocketError: connect ${hostname}:7000 failed: `));
        assert.equal(syscall, 'connect');
      },
    );
  }
}

for (const [words, script, literals] of [
  [
    'IPv4',
    'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6',
    { works: '127.0.0.1', fails: '[::1]', codes: ['EADDRNOTAVAIL', 'ENETUNREACH', 'EHOSTUNREACH'] },
  ],
  [
    'IPv6',
    'ip -4 addr flush dev lo',
    { works: '[::1]', fails: '127.0.0.1', codes: ['ENETUNREACH', 'EADDRNOTAVAIL', 'EHOSTUNREACH'] },
  ],
]) {
  const onlyOne = sandbox(`a host with ${words} only`, script, BOTH);
  if (onlyOne === undefined) continue;
  test(
    `a host with ${words} only connects by it, also to a name of both families, and says that it lacks the other`,
    options,
    async (t) => {
      const main = async ({ connect, net }, works, fails) => {
        const server = net.createServer((peer) => peer.end('word'));
        await new Promise((resolve) => server.listen(7000, works.replace(/[[\]]/g, ''), resolve));
        const results = [];
        for (const host of [works, 'both', fails]) {
          const socket = connect(`${host}:7000`);
          const result = await socket.opened.then(
            async ({ resolvedAddress }) => `${resolvedAddress} ${await new Response(socket.readable).text()}`,
            ({ code }) => code,
          );
          results.push(result);
        }
        server.close();
        console.log(JSON.stringify(results));
      };
      const { stdout, stderr } = await run(t, main, {
        prefix: onlyOne,
        args: [literals.works, literals.fails],
      });
      assert.equal(stderr, '');
      const [literal, name, other] = JSON.parse(stdout);
      assert.equal(literal, `${literals.works}:7000 word`);
      assert.equal(name, `${literals.works}:7000 word`);
      assert.ok(literals.codes.includes(other), other);
    },
  );
}

// `netem` is not in every kernel; a token bucket with next to no queue loses packets as well.
const LOSSES = [
  'tc qdisc add dev lo root netem loss 3% delay 1ms 2>/dev/null',
  'tc qdisc add dev lo root tbf rate 200mbit burst 8kb limit 16kb',
];
const small = 'ip link set lo mtu 576';
const lossy = sandbox('lost packets', `${small}; ${LOSSES.join(' || ')}`);
for (const [words, prefix, MIB] of [
  ['an MTU of 576', sandbox('an MTU of 576', small), 8],
  ['an MTU of 576 and lost packets', lossy, 2],
]) {
  if (prefix === undefined) continue;
  test(`everything arrives, both ways, in plain text and by TLS, with ${words}`, options, async (t) => {
    const main = async ({ TLSSocket, connect, net }, { ca, cert, key, size }) => {
      const { createHash, randomBytes } = await import('node:crypto');
      const { readFileSync } = await import('node:fs');
      const tls = await import('node:tls');
      const bytes = randomBytes(size);
      const hash = (data) => createHash('sha256').update(data).digest('hex');
      const echo = (peer) => peer.pipe(peer);
      const kinds = [
        [net.createServer(echo), connect],
        [tls.createServer({ cert, key }, echo), (address) => new TLSSocket({ ca }).connect(address)],
      ];
      for (const [server, open] of kinds) {
        await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
        const socket = open(`127.0.0.1:${server.address().port}`);
        const received = new Response(socket.readable).arrayBuffer();
        const writer = socket.writable.getWriter();
        for (let at = 0; at < size; at += 50_000) await writer.write(bytes.subarray(at, at + 50_000));
        await writer.close();
        console.log(hash(Buffer.from(await received)) === hash(bytes) ? 'equal' : 'not equal');
        await socket.closed;
        server.close();
      }
      const [names, values] = readFileSync('/proc/net/snmp', 'utf8')
        .match(/^Tcp:.*$/gm)
        .map((line) => line.split(' '));
      console.log(values[names.indexOf('RetransSegs')]);
    };
    const credentials = { ca: pem('root.pem'), cert: pem('p256.pem'), key: pem('p256.key') };
    const { stdout, stderr } = await run(t, main, {
      prefix,
      args: [{ ...credentials, size: MIB * 2 ** 20 }],
    });
    assert.equal(stderr, '');
    const [plain, secure, retransmitted] = stdout.split('\n');
    assert.deepEqual([plain, secure], ['equal', 'equal']);
    t.diagnostic(`${retransmitted} segments were sent again`);
    if (prefix === lossy) assert.ok(Number(retransmitted) > 0, 'packets were lost');
  });
}
