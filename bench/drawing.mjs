/**
 * A result as a chart: a panel for each workload, in two columns, with a bar for each peer.
 *
 * Self-contained SVG, as GitHub shows it: no script, no font, no link. It has a background of its own, because the reader's
 * system decides between light and dark, and the page around it may have decided otherwise.
 */

/**
 * @typedef {import('./result.mjs').Result} Result
 * @typedef {import('./result.mjs').WorkloadResult} WorkloadResult
 * @typedef {{ peer: string, label: string, ratio: number, value: string }} Bar
 * @typedef {{ title: string, bars: Bar[] }} Panel
 */

const WIDTH = 880;
const MARGIN = 24;
const GUTTER = 32;
const HEADER = 72;
const FOOTER = 34;

const COLUMNS = 2;
const PANEL_WIDTH = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GUTTER) / COLUMNS;
const PANEL_TITLE = 24;
const PANEL_GAP = 18;
const LABELS_WIDTH = 148;
const VALUES_WIDTH = 46;
const BARS_WIDTH = PANEL_WIDTH - LABELS_WIDTH - VALUES_WIDTH;
const VALUES_LEFT = LABELS_WIDTH + BARS_WIDTH + 8;
const ROW = 16;
const BAR = 10;

/** Longer bars are cut, so that one of them does not make dots of the others. */
const LONGEST = 4;

const STYLE = `
  :root { color-scheme: light dark; }
  svg { font: 12px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; }
  .card { fill: #ffffff; stroke: #d1d9e0; }
  text { fill: #1f2328; }
  .heading { font-size: 17px; font-weight: 600; }
  .title, .ours { font-weight: 600; }
  .muted { fill: #59636e; }
  .value { font-variant-numeric: tabular-nums; }
  .bar { fill: #a9b2bc; }
  .bar.ours { fill: #0969da; }
  .bar.limit { fill: none; stroke: #818b98; stroke-dasharray: 3 2; }
  .cut { stroke: #ffffff; stroke-width: 2; }
  .raw { stroke: #cf222e; stroke-width: 1; }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #3d444d; }
    text { fill: #f0f6fc; }
    .muted { fill: #9198a1; }
    .bar { fill: #59626d; }
    .bar.ours { fill: #4493f8; }
    .bar.limit { stroke: #838c96; }
    .cut { stroke: #0d1117; }
    .raw { stroke: #f85149; }
  }
`;

/**
 * @param {Result} result
 * @param {boolean} tls Which half of the workloads.
 * @returns {string | undefined} none without a workload of that half
 */
export function draw(result, tls) {
  const panels = result.workloads
    .filter((workload) => workload.tls === tls)
    .map((workload) => panel(workload, result))
    .filter(({ bars }) => bars.length > 0);
  if (panels.length === 0) return undefined;

  const longest = Math.max(1, ...panels.flatMap(({ bars }) => bars.map(({ ratio }) => ratio)));
  const scale = BARS_WIDTH / Math.min(LONGEST, longest);
  // Each goes below the shorter column.
  const bottoms = Array.from({ length: COLUMNS }, () => HEADER);
  const drawn = panels.map((panel) => {
    const top = Math.min(...bottoms);
    const column = bottoms.indexOf(top);
    bottoms[column] += heightOf(panel) + PANEL_GAP;
    return drawPanel(panel, column, top, scale);
  });
  const heading = `${tls ? 'TLS' : 'TCP'} throughput relative to raw ${tls ? 'node:tls' : 'node:net'}`;
  return frame(heading, describe(result), drawn, Math.max(...bottoms) + FOOTER - PANEL_GAP);
}

/**
 * @param {WorkloadResult} workload
 * @param {Result} result
 * @returns {Panel}
 */
function panel({ title, unit, entries }, { peers }) {
  const bars = entries.flatMap(({ peer, borrowed, figures }) => {
    const ratio = figures?.ratios['raw']?.median;
    // What is borrowed is in the panel where it belongs; and the baseline is in all.
    if (ratio === undefined || (borrowed && peer !== 'raw')) return [];
    const isDirty = Number(figures?.dirty) > 0;
    const value = peer === 'raw' ? `${number(figures?.median ?? NaN)} ${unit}` : ratio.toFixed(2);
    const label =
      peer === 'raw' ? 'raw callbacks' : plain(peers.find(({ name }) => name === peer)?.title ?? peer);
    return [{ peer, label, ratio, value: `${value}${isDirty ? ' ~' : ''}` }];
  });
  // What this is about comes first.
  bars.sort((a, b) => Number(b.peer === 'ours') - Number(a.peer === 'ours'));
  return { title: plain(title).replace(/^TLS /, ''), bars };
}

/** @param {Panel} panel */
function heightOf({ bars }) {
  return PANEL_TITLE + bars.length * ROW;
}

/**
 * @param {Panel} panel
 * @param {number} column
 * @param {number} top
 * @param {number} scale pixels per unit
 */
function drawPanel({ title, bars }, column, top, scale) {
  const left = MARGIN + column * (PANEL_WIDTH + GUTTER);
  const one = LABELS_WIDTH + scale;
  return [
    `<g transform="translate(${left} ${top})">`,
    text(title, 0, 12, 'title'),
    ...bars.map((bar, i) => drawBar(bar, PANEL_TITLE + i * ROW, scale)),
    `<line class="raw" x1="${round(one)}" x2="${round(one)}" y1="${PANEL_TITLE - 4}" y2="${PANEL_TITLE + bars.length * ROW}"/>`,
    '</g>',
  ].join('\n');
}

/**
 * @param {Bar} bar
 * @param {number} top
 * @param {number} scale
 */
function drawBar({ peer, label, ratio, value }, top, scale) {
  const isCut = ratio > LONGEST;
  const length = round(Math.min(ratio, LONGEST) * scale);
  const middle = top + BAR / 2;
  const kind = peer === 'ours' ? ' ours' : peer === 'rust' ? ' limit' : '';
  const cut = LABELS_WIDTH + length - 10;
  return [
    text(label, LABELS_WIDTH - 8, middle + 4, peer === 'ours' ? 'ours' : 'muted', 'end'),
    `<rect class="bar${kind}" x="${LABELS_WIDTH}" y="${top}" width="${length}" height="${BAR}" rx="1"/>`,
    isCut ? `<line class="cut" x1="${cut}" x2="${cut + 5}" y1="${top + BAR + 2}" y2="${top - 2}"/>` : '',
    // Beside the line that ends the bar of the baseline; the others' would be crossed by it.
    text(
      value,
      peer === 'raw' ? LABELS_WIDTH + length + 8 : VALUES_LEFT,
      middle + 4,
      `value ${peer === 'ours' ? 'ours' : 'muted'}`,
    ),
  ].join('');
}

/**
 * @param {string} heading
 * @param {string} source
 * @param {string[]} content
 * @param {number} height
 */
function frame(heading, source, content, height) {
  const legend =
    'the same pace as raw callbacks is 1, the line; longer is better; dashed: without JavaScript';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${escape(heading)}</title>
<desc>${escape(`${legend}. ${source}`)}</desc>
<style>${STYLE}</style>
<rect class="card" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6"/>
${text(heading, MARGIN, 32, 'heading')}
${text(legend, MARGIN, 51, 'muted')}
${content.join('\n')}
${text(source, MARGIN, height - 14, 'muted')}
</svg>
`;
}

/** @param {Result} result */
function describe({ machine, node, date, rounds, quick, workloads }) {
  const isDirty = workloads.some(({ entries }) => entries.some(({ figures }) => Number(figures?.dirty) > 0));
  return [
    `Node ${node}; ${machine.cpu}, ${machine.cores} cores; medians of ${rounds} rounds${quick ? ' (quick)' : ''}`,
    date.slice(0, 10),
    ...(isDirty ? ['~ disturbed by others'] : []),
  ].join('; ');
}

/**
 * @param {string} content
 * @param {number} x
 * @param {number} y
 * @param {string} style
 * @param {'start' | 'end'} [anchor]
 */
function text(content, x, y, style, anchor = 'start') {
  const end = anchor === 'end' ? ' text-anchor="end"' : '';
  return `<text class="${style}" x="${round(x)}" y="${round(y)}"${end}>${escape(content)}</text>`;
}

/** @param {number} value */
function number(value) {
  return value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0 });
}

/**
 * Markdown without its marks.
 *
 * @param {string} markdown
 */
function plain(markdown) {
  return markdown.replaceAll(/[`*]/g, '');
}

/** @param {string} content */
function escape(content) {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
