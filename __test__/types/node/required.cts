// The same by `require()`.

import module = require('cloudflare:sockets');
import { expectTypeOf } from 'expect-type';
import ours = require('winter-sockets');

expectTypeOf(module.connect).toEqualTypeOf(ours.connect);
