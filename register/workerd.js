'use strict';

// `node --import winter-sockets/register/workerd`: `winter-sockets/register`, and the two things by which packages that
// know Cloudflare's runtime tell that they are in it.

const { addHook } = require('./hooks.js');

addHook(require.resolve('./sockets.js'));
addHook(require.resolve('./workerd-condition.js'));

// Node 20 has no `navigator`, and later ones have one with a getter for this.
if (globalThis.navigator === undefined) define(globalThis, 'navigator', {});
define(globalThis.navigator, 'userAgent', 'Cloudflare-Workers');

/**
 * @param {object} object
 * @param {string} name
 * @param {unknown} value
 */
function define(object, name, value) {
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
}
