// Garbage collections, while somebody waits for one.

/** So many milliseconds between them. */
const INTERVAL = 100;

let waiting = 0;
let timer;

/** @param {() => Promise<void>} wait */
export async function collecting(wait) {
  if (waiting++ === 0) timer = setInterval(globalThis.gc, INTERVAL);
  try {
    await wait();
  } finally {
    if (--waiting === 0) clearInterval(timer);
  }
}
