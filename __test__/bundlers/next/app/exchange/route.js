import { exchange } from '../../../client.js';

/** Asked when the server runs, not when it is built. */
export const dynamic = 'force-dynamic';

export async function GET() {
  return Response.json(await exchange(process.env.ADDRESS, 'winter'));
}
