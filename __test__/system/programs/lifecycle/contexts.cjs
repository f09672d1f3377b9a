// Sockets that are used from several `vm` contexts, whose built-in classes are not those of the main one.

const assert = require('node:assert/strict');
const vm = require('node:vm');

const { echoServer } = require('./round-trip.cjs');

(async () => {
  const server = await echoServer();
  const { port } = server.address();
  const index = require.resolve('../../../../index.js');

  // One that requires the package, and uses arrays and options of its own.
  const one = vm.createContext({ require, port, index });
  const socket = vm.runInContext(
    `const { connect } = require(index);
     const socket = connect({ hostname: '127.0.0.1', port }, { allowHalfOpen: true });
     const words = ['string', new Uint8Array([1, 2]), new Uint8Array([0, 3, 4, 0]).subarray(1, 3), new ArrayBuffer(2),
       new DataView(new ArrayBuffer(2)), new SharedArrayBuffer(2)];
     const writer = socket.writable.getWriter();
     const written = Promise.all(words.map((word) => writer.write(word)));
     socket`,
    one,
  );

  // Another one that is handed the streams.
  const two = vm.createContext({ readable: socket.readable, writer: undefined });
  const received = await vm.runInContext(
    `(async () => {
       const bytes = [];
       const reader = readable.getReader();
       while (bytes.length < 16) bytes.push(...(await reader.read()).value);
       reader.releaseLock();
       return bytes.join();
     })()`,
    two,
  );
  assert.equal(received, [...Buffer.from('string'), 1, 2, 3, 4, 0, 0, 0, 0, 0, 0].join());
  await vm.runInContext('written', one);

  // A view of another context is filled by a BYOB reader.
  const view = vm.runInContext('new Uint8Array(8)', two);
  await vm.runInContext(`writer.write('back')`, one);
  const { value } = await socket.readable.getReader({ mode: 'byob' }).read(view);
  assert.equal(Buffer.from(value).toString(), 'back');

  // What is no chunk here is none there.
  const refusal = await vm.runInContext('writer.write(7).catch((error) => error)', one);
  assert.ok(refusal instanceof TypeError);
  await socket.close();
  server.close();

  // The error of one context is told by its code in all of them.
  const code = await vm.runInContext(
    `require(index).connect('127.0.0.1:' + port).opened.catch(({ code }) => code)`,
    one,
  );
  console.log(code);
})();
