// Who has not asked for it has no `cloudflare:sockets`: importing our package declares nothing.

// @ts-expect-error there is no such module
import { connect } from 'cloudflare:sockets';
import * as ours from 'winter-sockets';

export const connects = [connect, ours.connect];
