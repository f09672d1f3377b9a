/**
 * After so many milliseconds a test hangs. Nothing is expected to take as long: tests wait for events, and machines that
 * run other things at the same time are slow.
 */
export const timeout = 60_000;
