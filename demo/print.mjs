// What the tour prints: in colour on a terminal, and plain elsewhere.

import { WriteStream } from 'node:tty';
import { styleText } from 'node:util';

// It looks at NO_COLOR, FORCE_COLOR and TERM.
const isColoured =
  (process.stdout.isTTY || process.env.FORCE_COLOR !== undefined) && WriteStream.prototype.hasColors();

let start = performance.now();

/**
 * Begins a step; the times of what follows count from here.
 *
 * @param {string} title
 */
export function begin(title) {
  console.log(`\n${paint(['bold', 'cyan'], title)}`);
  start = performance.now();
}

/**
 * The code that runs next.
 *
 * @param {...string} lines
 */
export function code(...lines) {
  for (const line of lines) console.log(`  ${paint('yellow', line)}`);
}

/**
 * What has happened, after how many milliseconds.
 *
 * @param {string} text
 */
export function tell(text) {
  const time = `${(performance.now() - start).toFixed(1)} ms`;
  console.log(`${paint('gray', time.padStart(12))}  ${text}`);
}

/** @param {string} text */
export function good(text) {
  console.log(`\n${paint('green', text)}`);
}

/** @param {string} text */
export function bad(text) {
  console.log(`\n${paint('red', text)}`);
}

/**
 * What came over the wire, as a string literal.
 *
 * @param {string} text
 */
export function wire(text) {
  return paint('green', JSON.stringify(text));
}

/**
 * What an error says.
 *
 * @param {string} text
 */
export function wrong(text) {
  return paint('red', text);
}

/**
 * @param {Parameters<typeof styleText>[0]} style
 * @param {string} text
 */
function paint(style, text) {
  return isColoured ? styleText(style, text) : text;
}
