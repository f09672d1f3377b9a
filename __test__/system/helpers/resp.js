// As much of Redis's protocol, RESP 2, as it takes to read what a server answers.

/** A command with its arguments, as bytes. */
export function command(...words) {
  const parts = [`*${words.length}\r\n`];
  for (const word of words) {
    const bytes = Buffer.from(word);
    parts.push(`$${bytes.length}\r\n`, bytes, '\r\n');
  }
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

/** Takes replies apart that come in pieces of any size. */
export class ReplyParser {
  #bytes = Buffer.alloc(0);
  #at = 0;

  /** @param {Uint8Array} bytes */
  push(bytes) {
    this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), bytes]);
    this.#at = 0;
  }

  /** The next reply, or `undefined` if it is not complete. Bulk strings are Buffers, errors are Errors. */
  next() {
    const start = this.#at;
    const reply = this.#parse();
    if (reply === undefined) this.#at = start;
    return reply;
  }

  #parse() {
    const end = this.#bytes.indexOf('\r\n', this.#at);
    if (end === -1) return undefined;
    const kind = String.fromCharCode(this.#bytes[this.#at]);
    const text = this.#bytes.toString('latin1', this.#at + 1, end);
    this.#at = end + 2;
    if (kind === '+') return text;
    if (kind === '-') return new Error(text);
    if (kind === ':') return Number(text);
    if (kind === '$') return this.#parseBulk(Number(text));
    if (kind === '*') return this.#parseArray(Number(text));
    throw new Error(`a reply begins with ${JSON.stringify(kind)}`);
  }

  #parseBulk(length) {
    if (length === -1) return null;
    const from = this.#at;
    if (this.#bytes.length < from + length + 2) return undefined;
    this.#at = from + length + 2;
    return Buffer.from(this.#bytes.subarray(from, from + length));
  }

  #parseArray(length) {
    if (length === -1) return null;
    const items = [];
    while (items.length < length) {
      const item = this.#parse();
      if (item === undefined) return undefined;
      items.push(item);
    }
    return items;
  }
}

/** A connection to a Redis server. */
export class RedisClient {
  #parser = new ReplyParser();
  #writer;
  #reader;

  /** @param {import('../../../index.js').Socket} socket */
  constructor(socket) {
    this.socket = socket;
    this.#writer = socket.writable.getWriter();
    this.#reader = socket.readable.getReader();
  }

  /** @param {Uint8Array} bytes One or more commands. */
  send(bytes) {
    return this.#writer.write(bytes);
  }

  /** The next reply; `undefined` when the server has ended the connection. */
  async reply() {
    for (;;) {
      const reply = this.#parser.next();
      if (reply !== undefined) return reply;
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#parser.push(value);
    }
  }

  /**
   * Sends a command, and gives its reply.
   *
   * @param {...(string | Uint8Array)} words
   */
  async ask(...words) {
    await this.send(command(...words));
    return this.reply();
  }
}
