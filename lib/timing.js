'use strict';

// Timers as they were when this package was loaded. Tests that replace them with ones that stand still don't mean sockets:
// those of Node go on as well.

const { clearTimeout, setImmediate, setTimeout } = require('node:timers');

const { nextTick } = process;

module.exports = { clearTimeout, nextTick, setImmediate, setTimeout };
