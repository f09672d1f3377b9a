export default {
  input: '../main.js',
  external: ['cloudflare:sockets'],
  output: { file: 'dist/main.js', paths: { 'cloudflare:sockets': 'winter-sockets' } },
};
