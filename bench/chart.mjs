/**
 * Puts results into the documentation, so that nobody does it by hand: the charts, and the tables between the markers of
 * `docs/performance.md`.
 *
 *     node bench/chart.mjs bench/results/2026-01-01T00-00-00.json
 *
 * Several files, or one of several versions of Node, give a table each; the charts are of the first.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { draw } from './drawing.mjs';
import { cpuTable, gaugeTable, heading, ratioTable } from './report.mjs';

/** @typedef {import('./result.mjs').Result} Result */

const DOCS = new URL('../docs/', import.meta.url);
const PAGE = new URL('performance.md', DOCS);
const BEGIN = '<!-- tables: bench/chart.mjs writes what follows -->';
const END = '<!-- end of tables -->';

const files = process.argv.slice(2);
/** @type {Result[]} */
const results = files.flatMap((file) => JSON.parse(readFileSync(file, 'utf8')));
if (results.length === 0) {
  console.error('Usage: node bench/chart.mjs RESULTS.json…');
  process.exit(2);
}
drawCharts(results[0]);
fillIn(results);

/** @param {Result} result */
function drawCharts(result) {
  for (const [name, tls] of /** @type {const} */ ([
    ['benchmark.svg', false],
    ['benchmark-tls.svg', true],
  ])) {
    const chart = draw(result, tls);
    if (chart !== undefined) write(new URL(name, DOCS), chart);
  }
}

/** @param {Result[]} results */
function fillIn(results) {
  const page = readFileSync(PAGE, 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`${PAGE.pathname} lacks the markers ${BEGIN} and ${END}`);
  const tables = results.map(tablesOf).join('\n');
  write(PAGE, `${page.slice(0, begin + BEGIN.length)}\n\n${tables}\n${page.slice(end)}`);
}

/** @param {Result} result */
function tablesOf(result) {
  return [
    `### Node ${result.node}`,
    '',
    ...heading(result),
    '',
    ...(result.workloads.length > 0 ? [...ratioTable(result), '', ...cpuTable(result), ''] : []),
    ...(result.gauges.length > 0 ? [...gaugeTable(result), ''] : []),
  ].join('\n');
}

/**
 * @param {URL} url
 * @param {string} content
 */
function write(url, content) {
  writeFileSync(url, content);
  console.error(`written: ${url.pathname.slice(new URL('..', import.meta.url).pathname.length)}`);
}
