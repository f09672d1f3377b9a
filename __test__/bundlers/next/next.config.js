// The recipe needs nothing here. This saves the test a few seconds.
export default {
  experimental: { turbopackMinify: false, turbopackFileSystemCacheForBuild: false },
};
