/** A result as Markdown. */
import { NOISE_LIMIT } from './noise.mjs';
import { REFERENCES } from './peers/index.mjs';
import { median } from './statistics.mjs';

/** Client and server time the same bytes; further apart than this, one of them is wrong. */
const CLOCK_TOLERANCE = 0.05;

/**
 * @typedef {import('./result.mjs').Result} Result
 * @typedef {import('./result.mjs').Entry} Entry
 * @typedef {import('./result.mjs').WorkloadResult} WorkloadResult
 */

/**
 * One for each version of Node.
 *
 * @param {Result[]} results
 */
export function report(results) {
  if (results.length === 1) return section(results[0]);
  return results.map((result) => `## Node ${result.node}\n\n${section(result)}`).join('\n');
}

/** @param {Result} result */
function section(result) {
  return [
    ...heading(result),
    '',
    ...(result.workloads.length > 0 ? [...ratioTable(result), '', ...figureTable(result), ''] : []),
    ...(result.workloads.length > 0 ? [...cpuTable(result), ''] : []),
    ...(result.gauges.length > 0 ? [...gaugeTable(result), ''] : []),
    ...notes(result).map((note) => `- ${note}`),
    '',
  ].join('\n');
}

/** @param {Result} result */
export function heading({ date, quick, rounds, machine, peers }) {
  const { cpu, cores, memory, system, load, commit } = machine;
  const versions = peers.map(({ name, version, runtime, problem }) => {
    if (problem !== undefined) return `${name} did not run`;
    if (runtime === undefined) return `${name} (${version})`;
    return runtime.endsWith(version) ? `${name} (${runtime})` : `${name} ${version} (${runtime})`;
  });
  return [
    `${cpu}, ${cores} cores, ${memory}, ${system}, load ${load.join(' ')}; ${date}${commit ? `, at ${commit}` : ''}.`,
    `${versions.join(', ')}.`,
    `Medians of ${rounds} rounds, interleaved in slices of a tenth of a second${quick ? ' (`--quick`: for a look, not for a claim)' : ''}.`,
  ];
}

/**
 * The short table: ratios to the first reference.
 *
 * @param {Result} result
 */
export function ratioTable({ peers, workloads }) {
  const [baseline, rival] = REFERENCES;
  const others = peers.filter(({ name }) => name !== baseline);
  const hasRival = peers.some(({ name }) => name === rival) && peers.some(({ name }) => name === 'ours');
  const rows = workloads.map(({ title, unit, entries }) => {
    const of = (/** @type {string} */ name) => entries.find(({ peer }) => peer === name);
    const base = of(baseline)?.figures?.median;
    return [
      title,
      base === undefined ? '–' : `${number(base)} ${unit}`,
      ...others.map(({ name }) => ratio(of(name), baseline)),
      ...(hasRival ? [ratio(of('ours'), rival)] : []),
    ];
  });
  const head = [
    'ratio to raw',
    'raw',
    ...others.map(({ name }) => name),
    ...(hasRival ? [`ours to ${rival}`] : []),
  ];
  return table(head, rows);
}

/**
 * The long table: every figure.
 *
 * @param {Result} result
 */
function figureTable({ peers, workloads }) {
  const references = REFERENCES.filter((reference) => peers.some(({ name }) => name === reference));
  const rows = workloads.flatMap(({ title, unit, entries }) =>
    entries
      .filter(isTried)
      .map((entry) => [
        title,
        mark(entry.peer, entry),
        unit,
        entry.figures ? number(entry.figures.median) : '–',
        entry.figures ? `${number(entry.figures.min)}–${number(entry.figures.max)}` : '–',
        ...references.map((reference) => ratioWithExtremes(entry, reference)),
        entry.figures ? noise(entry.figures) : '–',
      ]),
  );
  const ratios = references.map((reference) => `to ${reference} (min–max)`);
  // The title of a workload stands in the first of its rows only.
  const sparse = rows.map((row, i) => (row[0] === rows[i - 1]?.[0] ? ['', ...row.slice(1)] : row));
  return table(['workload', 'peer', 'unit', 'median', 'min–max', ...ratios, 'others, cores'], sparse);
}

/** Those whose CPU time is compared: what a client could gain. */
const CPU_PEERS = ['raw', 'arrowood', 'ours'];

/**
 * Where the time goes: the client's CPU time for an operation, the kernel's part included, and its share of the time that
 * the operation takes. What is left of that is the server's, or a wait for either.
 *
 * @param {Result} result
 */
export function cpuTable({ peers, workloads }) {
  const names = CPU_PEERS.filter((name) => peers.some((peer) => peer.name === name));
  const rows = workloads.flatMap(({ title, entries }) => {
    const costs = names.map((name) =>
      cpuCost(entries.find(({ peer, borrowed }) => peer === name && !borrowed)),
    );
    return costs.every((cost) => cost === undefined) ? [] : [[title, ...costs.map((cost) => cost ?? '–')]];
  });
  return table(['client’s CPU time per operation (share of the time)', ...names], rows);
}

/** @param {Entry | undefined} entry */
function cpuCost(entry) {
  const rounds = (entry?.figures?.rounds ?? []).flatMap(({ cpuSeconds, amount, seconds }) =>
    cpuSeconds === null ? [] : [{ each: cpuSeconds / amount, share: cpuSeconds / seconds }],
  );
  if (rounds.length === 0) return undefined;
  const middle = (/** @type {'each' | 'share'} */ key) => median(rounds.map((round) => round[key]));
  return `${number(middle('each') * 1e6)} µs (${Math.round(middle('share') * 100)} %)`;
}

/**
 * What is better the less it is.
 *
 * @param {Result} result
 */
export function gaugeTable({ peers, gauges }) {
  const names = peers
    .map(({ name }) => name)
    .filter((name) => gauges.some(({ entries }) => figuresOf(entries, name)));
  const ratios = names.includes('ours') ? REFERENCES.filter((reference) => names.includes(reference)) : [];
  const rows = gauges.map(({ title, unit, entries }) => [
    title,
    unit,
    ...names.map((name) => withExtremes(figuresOf(entries, name))),
    ...ratios.map((reference) => {
      const [ours, other] = ['ours', reference].map((name) => figuresOf(entries, name)?.median);
      return ours === undefined || other === undefined ? '–' : (ours / other).toFixed(2);
    }),
  ]);
  return table(
    ['less is better', 'unit', ...names, ...ratios.map((reference) => `ours to ${reference}`)],
    rows,
  );
}

/**
 * @param {import('./gauges.mjs').GaugeEntry[]} entries
 * @param {string} name
 */
function figuresOf(entries, name) {
  return entries.find(({ peer }) => peer === name)?.figures;
}

/** @param {import('./gauges.mjs').GaugeEntry['figures']} figures */
function withExtremes(figures) {
  if (figures === undefined) return '–';
  const { median, min, max, dirty } = figures;
  return `${number(median)} (${number(min)}–${number(max)})${dirty > 0 ? ' ~' : ''}`;
}

/** @param {Result} result */
function notes({ peers, workloads, gauges, omitted, machine, seconds }) {
  const entries = workloads.flatMap((workload) => workload.entries.map((entry) => ({ workload, entry })));
  const own = entries.filter(({ entry }) => !entry.borrowed);
  const dirty = own.reduce((sum, { entry }) => sum + (entry.figures?.dirty ?? 0), 0);
  const all = own.reduce((sum, { entry }) => sum + (entry.figures?.rounds.length ?? 0), 0);
  const repeats = own.reduce((sum, { entry }) => sum + entry.repeats, 0);
  return [
    ...(dirty > all / 2 ? ['**The machine was busy: these figures say nothing.**'] : []),
    'More is better, but where it says otherwise. A ratio is the median of those of the single rounds.',
    ...(own.length < entries.length ? ['† no byte stream: the figure with the default reader.'] : []),
    ...(machine.pinnedCore === null
      ? ['Nothing could be pinned: ping-pong on one connection has two modes.']
      : []),
    `Noise: ${dirty} of ${all} rounds are dirty (others used more than ${NOISE_LIMIT} cores; marked ~), ${repeats} were repeated.`,
    ...own
      .filter(({ entry }) => clocksDiffer(entry))
      .map(({ workload, entry }) => clockNote(workload, entry)),
    ...omitted.map(({ name, reason }) => `Without ${name}: ${reason}.`),
    ...peers
      .filter(({ problem }) => problem)
      .map(({ name, problem }) => `${name} did not run: ${firstLine(problem)}`),
    ...own
      .filter(({ entry }) => entry.failure)
      .map(({ workload, entry }) => `${entry.peer} failed at ${workload.name}: ${firstLine(entry.failure)}`),
    ...gauges.flatMap(({ name, entries }) =>
      entries
        .filter(({ failure }) => failure)
        .map(({ peer, failure }) => `${peer} failed at ${name}: ${firstLine(failure)}`),
    ),
    `The run took ${Math.round(seconds)} s.`,
  ];
}

/**
 * Not a workload that the peer does not have.
 *
 * @param {Entry} entry
 */
function isTried({ figures, failure }) {
  return figures !== undefined || failure !== undefined;
}

/** @param {Entry} entry */
function clocksDiffer({ figures }) {
  return figures !== undefined && Math.abs(figures.serverMedian / figures.median - 1) > CLOCK_TOLERANCE;
}

/**
 * @param {WorkloadResult} workload
 * @param {Entry} entry
 */
function clockNote({ name, unit }, { peer, figures }) {
  return `Clocks differ: ${peer} at ${name} is at ${number(figures?.serverMedian ?? NaN)} ${unit} by the server's.`;
}

/**
 * @param {Entry | undefined} entry
 * @param {string} reference
 */
function ratio(entry, reference) {
  const value = entry?.figures?.ratios[reference];
  return entry === undefined || value === undefined ? '–' : mark(value.median.toFixed(2), entry);
}

/**
 * @param {Entry} entry
 * @param {string} reference
 */
function ratioWithExtremes({ peer, figures }, reference) {
  const value = figures?.ratios[reference];
  if (value === undefined || peer === reference) return '–';
  return `${value.median.toFixed(2)} (${value.min.toFixed(2)}–${value.max.toFixed(2)})`;
}

/**
 * @param {string} text
 * @param {Entry} entry
 */
function mark(text, { figures, borrowed }) {
  return `${text}${borrowed ? '†' : ''}${figures && figures.dirty > 0 ? ' ~' : ''}`;
}

/** @param {import('./result.mjs').Figures} figures */
function noise({ rounds }) {
  const values = rounds.map((round) => round.noise).filter((value) => value !== null);
  return values.length === 0
    ? 'unknown'
    : `${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}`;
}

/** @param {number} value */
function number(value) {
  return value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0 });
}

/** @param {string} [text] */
function firstLine(text = '') {
  return /Error: .*/.exec(text)?.[0] ?? text.split('\n', 1)[0];
}

/**
 * @param {string[]} head
 * @param {string[][]} rows
 */
function table(head, rows) {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column].length)));
  const line = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}
