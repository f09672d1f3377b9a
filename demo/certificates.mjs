// What certificates/make.sh has made. For tests only: everybody has the key.

import { readFileSync } from 'node:fs';

/** @param {string} name */
const file = (name) => readFileSync(new URL(`certificates/${name}`, import.meta.url), 'utf8');

/** The authority that nobody trusts but who is told to. */
export const ca = file('authority.pem');

/** What a server on localhost or 127.0.0.1 shows. */
export const identity = { cert: file('server.pem'), key: file('server.key') };
