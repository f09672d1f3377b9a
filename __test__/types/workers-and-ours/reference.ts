/// <reference types="winter-sockets/types" />

// Both declarations at once: there is no clash, and theirs is the one that counts.

import * as module from 'cloudflare:sockets';
import { expectTypeOf } from 'expect-type';

expectTypeOf(module.connect).returns.toEqualTypeOf<Socket>();
expectTypeOf<keyof typeof module>().toEqualTypeOf<'connect'>();
