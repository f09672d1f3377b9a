'use strict';

// `node --import winter-sockets/register`: makes `cloudflare:sockets` resolve to this package, and `@arrowood.dev/socket`
// where that is not installed. The package itself is loaded when somebody asks for it, and not before.

const { addHook } = require('./register/hooks.js');

addHook(require.resolve('./register/sockets.js'));
