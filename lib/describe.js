'use strict';

const { stringify } = JSON;
const { isArray } = Array;

/** Longer inputs are cut: a message stays readable, and a log line stays a line. */
const LONGEST_QUOTE = 64;

/** Characters that JSON leaves alone but that move or hide text on a terminal. */
const INVISIBLE = /[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/**
 * Quotes a text for a message, in one line and with everything invisible escaped, so that neither a log nor
 * a terminal can be fooled by what it contains.
 *
 * @param {string} text
 * @returns {string}
 */
function quote(text) {
  const shown = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
  return stringify(shown).replace(INVISIBLE, escaped);
}

/**
 * Names a value of any type without running any of its code: no getter, no `toString`, no inspection.
 *
 * @param {unknown} value
 * @returns {string}
 */
function describe(value) {
  switch (typeof value) {
    case 'string':
      return `the string ${quote(value)}`;
    case 'number':
    case 'boolean':
      return `the ${typeof value} ${value}`;
    case 'bigint':
      return 'a BigInt';
    case 'symbol':
      return 'a symbol';
    case 'function':
      return 'a function';
    case 'object':
      if (value === null) return 'null';
      return looksLikeArray(value) ? 'an array' : 'an object';
    default:
      return 'undefined';
  }
}

/**
 * @param {string} character
 */
function escaped(character) {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * @param {object} value
 */
function looksLikeArray(value) {
  try {
    return isArray(value);
  } catch {
    // A revoked proxy answers no question at all.
    return false;
  }
}

module.exports = { describe, quote };
