export default {
  resolve: { alias: { 'cloudflare:sockets': 'winter-sockets' } },
};
