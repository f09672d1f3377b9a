export default {
  resolve: { alias: { 'cloudflare:sockets': 'winter-sockets' } },
  build: {
    lib: { entry: '../main.js', formats: ['es'], fileName: 'main' },
    rolldownOptions: { external: ['winter-sockets'] },
  },
};
