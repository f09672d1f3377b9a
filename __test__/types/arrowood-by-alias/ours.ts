// It is ours that the other file is compiled with.

import * as named from '@arrowood.dev/socket';
import { expectTypeOf } from 'expect-type';
import * as ours from 'winter-sockets';

expectTypeOf(named.connect).toEqualTypeOf(ours.connect);
