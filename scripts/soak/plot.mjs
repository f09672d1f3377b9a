// The samples of a soak as an SVG that stands by itself, and can be read on a light and on a dark ground.

/**
 * @typedef {import('./meter.mjs').Sample} Sample
 * @typedef {{ label: string, of: (sample: Sample) => number }} Line
 */

const WIDTH = 900;
const LEFT = 64;
const RIGHT = 24;
const PANEL = 108;
const GAP = 46;
const TOP = 56;

/** @type {{ title: string, lines: Line[] }[]} */
const PANELS = [
  { title: 'Throughput, both directions, MiB/s', lines: [{ label: '', of: (s) => s.throughput }] },
  { title: 'Connections made per second', lines: [{ label: '', of: (s) => s.rate }] },
  {
    title: 'Event-loop delay, ms',
    lines: [
      { label: 'p50', of: (s) => s.p50 },
      { label: 'p99', of: (s) => s.p99 },
      { label: 'most', of: (s) => s.max },
    ],
  },
  { title: 'Resident memory, MiB', lines: [{ label: '', of: (s) => s.rss }] },
  { title: 'Descriptors', lines: [{ label: '', of: (s) => s.descriptors }] },
];

/**
 * @param {Sample[]} samples
 * @param {{ minutes: number, connections: number, summary: string }} about
 */
export function plot(samples, { minutes, connections, summary }) {
  const height = TOP + PANELS.length * (PANEL + GAP) + 10;
  const duration = samples.at(-1)?.time ?? 1;
  const panels = PANELS.map((panel, i) => drawPanel(panel, TOP + i * (PANEL + GAP), samples, duration));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title desc">
<title id="title">Soak: ${connections.toLocaleString('en')} connections at once, for ${minutes} minutes</title>
<desc id="desc">${escape(summary)}</desc>
<style>
  svg { --ground: #fff; --ink: #1c2733; --faint: #dde3ea; --a: #1668b8; --b: #b45309; --c: #8a2f6b; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #10161d; --ink: #e3e9f0; --faint: #2c3743; --a: #6ab3f7; --b: #f2a65a; --c: #e58cc5; }
  }
  .ground { fill: var(--ground); }
  text { fill: var(--ink); font: 12px system-ui, sans-serif; }
  .head { font-size: 16px; font-weight: 600; }
  .grid { stroke: var(--faint); }
  .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
  .l0 { stroke: var(--a); } .l1 { stroke: var(--b); } .l2 { stroke: var(--c); }
  text.k0 { fill: var(--a); } text.k1 { fill: var(--b); } text.k2 { fill: var(--c); }
</style>
<rect class="ground" width="${WIDTH}" height="${height}"/>
<text class="head" x="${LEFT}" y="26">${connections.toLocaleString('en')} connections at once, ${minutes} minutes</text>
${panels.join('\n')}
</svg>
`;
}

/**
 * @param {(typeof PANELS)[number]} panel
 * @param {number} top
 * @param {Sample[]} samples
 * @param {number} duration
 */
function drawPanel({ title, lines }, top, samples, duration) {
  const most = roundUp(Math.max(...lines.flatMap(({ of }) => samples.map(of)), 1));
  /** @param {number} seconds */
  const x = (seconds) => LEFT + (seconds / duration) * (WIDTH - LEFT - RIGHT);
  /** @param {number} value */
  const y = (value) => top + PANEL - (value / most) * PANEL;
  const grid = [0, most / 2, most].map(
    (value) =>
      `<path class="grid" d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}"/>` +
      `<text x="${LEFT - 8}" y="${y(value) + 4}" text-anchor="end">${Number(value.toFixed(1)).toLocaleString('en')}</text>`,
  );
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (part) =>
      `<text x="${x(part * duration)}" y="${top + PANEL + 16}" text-anchor="middle">${clock(part * duration)}</text>`,
  );
  const keys = lines.map(
    ({ label }, i) =>
      `<text class="k${i}" x="${WIDTH - RIGHT - (lines.length - i - 1) * 44}" y="${top - 8}" text-anchor="end">${label}</text>`,
  );
  const paths = lines.map(({ of }, i) => {
    const points = samples.map((sample) => `${x(sample.time).toFixed(1)} ${y(of(sample)).toFixed(1)}`);
    return `<path class="line l${i}" d="M${points.join('L')}"/>`;
  });
  return [`<text x="${LEFT}" y="${top - 8}">${title}</text>`, ...grid, ...ticks, ...keys, ...paths].join(
    '\n',
  );
}

/**
 * The next number with one digit, or 1.5 or 2.5 of it.
 *
 * @param {number} value
 */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value) ?? 10) * power;
}

/** @param {number} seconds */
function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${`${Math.round(seconds % 60)}`.padStart(2, '0')}`;
}

/** @param {string} text */
function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
