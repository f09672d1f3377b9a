export default {
  mode: 'production',
  target: 'node',
  entry: '../main.js',
  externals: { 'cloudflare:sockets': 'node-commonjs winter-sockets' },
  output: { filename: 'main.cjs' },
};
