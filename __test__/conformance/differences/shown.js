/** What outcomes are made of. */

export const DONE = { resolved: { done: true, value: 'undefined' } };
export const RESOLVED = { resolved: 'undefined' };
export const REJECTED = { rejected: 'an error' };
export const text = (/** @type {string} */ value) => ({
  resolved: { done: false, value: `bytes: ${value}` },
});

export const THROWS = { attempt: 'throws a TypeError' };
export const RETURNS = { attempt: 'does not throw' };
export const FAILS_LATER = { attempt: 'does not throw', opened: 'fails' };
export const OPENS = { attempt: 'does not throw', opened: 'opens', read: 'hello' };

/** What `shape` in `harness.js` says about a `SocketError`, and about workerd's errors. */
export const SOCKET_ERROR = {
  error: true,
  typeError: true,
  name: 'TypeError',
  startsWithSocketError: true,
  hasCode: true,
};
export const TYPE_ERROR = { ...SOCKET_ERROR, startsWithSocketError: false, hasCode: false };
export const PLAIN_ERROR = { ...TYPE_ERROR, typeError: false, name: 'Error' };

/**
 * The same difference in several scenarios.
 *
 * @param {{ node: any, workerd: any }} shown
 * @param {...string} names
 */
export const each = (shown, ...names) => Object.fromEntries(names.map((name) => [name, shown]));
