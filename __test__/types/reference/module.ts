/// <reference types="winter-sockets/types" />

import { connect } from 'cloudflare:sockets';
import { expectTypeOf } from 'expect-type';
import * as ours from 'winter-sockets';

expectTypeOf(connect).toEqualTypeOf(ours.connect);
