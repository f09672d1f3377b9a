'use strict';

// Node's permission model. It calls whoever may load addons trusted, and leaves it to them to ask.
// https://nodejs.org/api/permissions.html

const { permission } = /** @type {{ permission?: { has(scope: string): boolean } }} */ (
  /** @type {unknown} */ (process)
);

/** Since Node 25 a process needs permission to use the network; older ones know of no such thing, and would say no. */
const isAsked = permission !== undefined && process.allowedNodeEnvironmentFlags.has('--allow-net');

/** Whether this process may connect; that can be taken from it while it runs. */
const mayConnect = () => !isAsked || permission?.has('net') === true;

exports.mayConnect = mayConnect;
