// Name servers that don't answer, and that answer too much.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { run } from '../helpers/child.js';
import { sandbox } from './programs/limits/sandbox.js';

const options = { timeout: 120_000 };

const SERVER = new URL('programs/limits/name-server.js', import.meta.url).href;

const prefix = sandbox('name servers', ':');

if (prefix !== undefined) {
  test(
    'a name server that hangs holds up neither addresses nor the process, and names work when it answers',
    options,
    async (t) => {
      const main = async ({ TLSSocket, connect, net }, url) => {
        const { nameServer } = await import(url);
        const names = await nameServer(['127.0.0.1']);
        names.hang();
        const server = net.createServer((peer) => peer.pipe(peer));
        await new Promise((resolve) => server.listen(7000, '127.0.0.1', resolve));
        // More look-ups than there are threads for them.
        const waiting = Array.from({ length: 100 }, (_, i) => connect(`name${i}.example:7000`));
        await names.asked();

        const socket = connect('127.0.0.1:7000');
        await socket.writable.getWriter().write('not held up');
        const { value } = await socket.readable.getReader().read();
        console.log(new TextDecoder().decode(value));
        await socket.close();

        // A time limit holds, whatever it is that takes so long.
        const limited = new TLSSocket({ connectTimeout: 300 }).connect('slow.example:7000');
        const { code } = await limited.opened.catch((error) => error);
        console.log(code);

        // Some are closed, the others go on.
        const reason = new Error('no more');
        for (const each of waiting.slice(10)) each.close(reason);
        const closed = await Promise.all(
          waiting.slice(10).map(({ opened }) => opened.catch((error) => error)),
        );
        console.log(closed.every((error) => error === reason));
        names.answer();
        const rest = await Promise.all(
          waiting.slice(0, 10).map(async (each) => {
            const { resolvedAddress } = await each.opened;
            await each.close();
            return resolvedAddress;
          }),
        );
        console.log([...new Set(rest)].join());
        names.close();
        server.close();
      };
      const env = { RES_OPTIONS: 'timeout:1 attempts:4' };
      const { stdout, stderr, code } = await run(t, main, { prefix, env, args: [SERVER] });
      assert.deepEqual(
        { stdout, stderr, code },
        { stdout: 'not held up\nETIMEDOUT\ntrue\n127.0.0.1:7000\n', stderr: '', code: 0 },
      );
    },
  );

  test('of 1,000 addresses the one that answers is found', options, async (t) => {
    const main = async ({ connect, net }, url) => {
      const { addresses, nameServer } = await import(url);
      const names = await nameServer(addresses(1000));
      const server = net.createServer((peer) => peer.end());
      await new Promise((resolve) => server.listen(7000, '127.0.3.100', resolve));
      const socket = connect('many.example:7000');
      const { resolvedAddress } = await socket.opened;
      console.log(resolvedAddress);
      await socket.close();
      names.close();
      server.close();
    };
    const { stdout, stderr } = await run(t, main, { prefix, args: [SERVER] });
    assert.deepEqual({ stdout, stderr }, { stdout: '127.0.3.100:7000\n', stderr: '' });
  });

  test(
    '1,000 addresses that all refuse are one error, which lists them and has a short message',
    options,
    async (t) => {
      const main = async ({ connect }, url) => {
        const { addresses, nameServer } = await import(url);
        const names = await nameServer(addresses(1000));
        const { code, errors, message } = await connect('many.example:7000').opened.catch((error) => error);
        console.log(
          code,
          errors.length,
          new Set(errors.map(({ address }) => address)).size,
          message.length < 400,
        );
        names.close();
      };
      const { stdout, stderr } = await run(t, main, { prefix, args: [SERVER] });
      assert.deepEqual({ stdout, stderr }, { stdout: 'ECONNREFUSED 1000 1000 true\n', stderr: '' });
    },
  );

  test(
    '1,000 addresses that don’t answer are tried a few at a time, and no more of them when the socket is closed',
    options,
    async (t) => {
      const main = async ({ connect }, url) => {
        const { readFileSync } = await import('node:fs');
        const { addresses, nameServer, silence } = await import(url);
        await nameServer(addresses(1000));
        await silence(7000);
        // Those that have asked for a connection, and were not answered.
        const pending = () =>
          readFileSync('/proc/self/net/tcp', 'utf8')
            .split('\n')
            .filter((line) => line.includes(':1B58 02 ')).length;
        const before = pending();
        const socket = connect('many.example:7000');
        let most = 0;
        while (most < 3) {
          most = Math.max(most, pending() - before);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        await socket.close();
        while (pending() > before) await new Promise((resolve) => setTimeout(resolve, 10));
        console.log(most < 10 ? 'a few' : most);
        process.exit();
      };
      const { stdout, stderr } = await run(t, main, { prefix, args: [SERVER] });
      assert.deepEqual({ stdout, stderr }, { stdout: 'a few\n', stderr: '' });
    },
  );
}
