/** The worker that `../workerd.mjs` starts: runs one workload per request. */
// @ts-ignore: a module of the runtime
import { connect } from 'cloudflare:sockets';
import { connectWorkloads } from '../../workloads/connect-api.mjs';

const workloads = connectWorkloads(connect);

export default {
  async fetch(/** @type {Request} */ request) {
    const { workload, addresses, amount } = /** @type {any} */ (await request.json());
    try {
      const lane = await workloads[workload](addresses);
      await lane.run(amount);
      await lane.close();
      return new Response();
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};
