const { connect } = require('cloudflare:sockets');

test('the same by require(), in a second copy of the module', async () => {
  const socket = connect(process.env.ADDRESS);
  const writer = socket.writable.getWriter();
  await writer.write('winter');
  await writer.close();
  for await (const chunk of socket.readable) expect(chunk).toBeInstanceOf(Uint8Array);
  await socket.closed;
});

test('errors are those of the test', async () => {
  expect(() => connect('')).toThrow(TypeError);
});
