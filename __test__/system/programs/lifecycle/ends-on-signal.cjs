// Sends until SIGTERM, then closes as a server does that is asked to stop: what was written must arrive.

const { connect } = require('../../../../index.js');

const socket = connect(`127.0.0.1:${process.argv[2]}`);
const writer = socket.writable.getWriter();
const piece = new Uint8Array(50_000).fill(87);
let written = 0;
let isOver = false;

process.on('SIGTERM', async () => {
  isOver = true;
  // More than the kernel takes at once.
  for (let i = 0; i < 100; i++) send().catch(console.error);
  await socket.close();
  console.log(written);
  process.exit(3);
});

(async () => {
  await socket.opened;
  while (!isOver) await send();
})();

function send() {
  written += piece.length;
  return writer.write(piece);
}
