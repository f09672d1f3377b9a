// The codes of errors that the README lists.

import { readFileSync } from 'node:fs';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const section = readme.slice(readme.indexOf('\n## Errors\n'), readme.indexOf('\n## TLS and trust\n'));
const rows = section.split('\n').filter((line) => line.startsWith('| `'));
const codes = new Set(rows.flatMap((row) => row.split('|')[1].match(/[A-Z][A-Z0-9_]+(?=`)/g) ?? []));

/** @param {string} code */
export const isDocumented = (code) => codes.has(code);
