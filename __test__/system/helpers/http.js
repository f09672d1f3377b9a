// As much of HTTP/1.1 as it takes to read what a server answers.

/**
 * Takes the bytes of one response as they come in, in pieces of any size.
 */
export class ResponseParser {
  status = 0;
  /** By name in lower case. @type {Record<string, string>} */
  headers = {};
  isDone = false;
  #onBody;
  #hasBody;
  #rest = Buffer.alloc(0);
  /** @type {'head' | 'length' | 'close' | 'chunk size' | 'chunk' | 'chunk end'} */
  #state = 'head';
  /** Bytes that are still to come of the body, or of its chunk. */
  #left = 0;
  #isLastChunk = false;

  /**
   * @param {(bytes: Uint8Array) => void} onBody Called with each piece of the body, which it must use at once.
   * @param {{ method?: string }} [request]
   */
  constructor(onBody, { method = 'GET' } = {}) {
    this.#onBody = onBody;
    this.#hasBody = method !== 'HEAD';
  }

  /**
   * Takes bytes; what is left over when the response is complete.
   *
   * @param {Uint8Array} bytes
   * @returns {Uint8Array}
   */
  push(bytes) {
    let piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.#rest.length > 0) piece = Buffer.concat([this.#rest, piece]);
    while (!this.isDone && piece.length > 0) {
      const used = this.#step(piece);
      if (used === 0) break;
      piece = piece.subarray(used);
    }
    if (this.isDone) return piece;
    // A copy: the caller may use its buffer again.
    this.#rest = Buffer.from(piece);
    return Buffer.alloc(0);
  }

  /** The connection was ended. */
  end() {
    if (this.#state === 'close') this.isDone = true;
    if (!this.isDone) throw new Error(`the response ended in its ${this.#state}`);
  }

  /** Takes one element; how many bytes it has, 0 if it is not complete. */
  #step(piece) {
    if (this.#state === 'close') return this.#takeBody(piece);
    if (this.#state === 'length' || this.#state === 'chunk') {
      const used = this.#takeBody(piece.subarray(0, this.#left));
      this.#left -= used;
      if (this.#left === 0 && this.#state === 'length') this.isDone = true;
      if (this.#left === 0 && this.#state === 'chunk') this.#state = 'chunk end';
      return used;
    }
    const delimiter = this.#state === 'head' ? '\r\n\r\n' : '\r\n';
    const end = piece.indexOf(delimiter);
    if (end === -1) return 0;
    this.#takeText(piece.toString('latin1', 0, end));
    return end + delimiter.length;
  }

  #takeBody(bytes) {
    this.#onBody(bytes);
    return bytes.length;
  }

  #takeText(text) {
    if (this.#state === 'head') return this.#takeHead(text);
    if (this.#state === 'chunk end') {
      // The end of the last chunk is the end of everything: nginx sends no trailers.
      if (text !== '') throw new Error(`a chunk is followed by ${JSON.stringify(text)}`);
      this.#state = 'chunk size';
      this.isDone = this.#isLastChunk;
      return;
    }
    this.#left = Number.parseInt(text, 16);
    this.#isLastChunk = this.#left === 0;
    this.#state = this.#isLastChunk ? 'chunk end' : 'chunk';
  }

  #takeHead(text) {
    const [statusLine, ...lines] = text.split('\r\n');
    this.status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
    for (const line of lines) {
      const colon = line.indexOf(':');
      this.headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    this.#left = Number(this.headers['content-length'] ?? 0);
    if (!this.#hasBody || this.headers['content-length'] === '0' || this.status === 204) this.isDone = true;
    else if (this.headers['transfer-encoding'] === 'chunked') this.#state = 'chunk size';
    else if (this.headers['content-length'] !== undefined) this.#state = 'length';
    else this.#state = 'close';
  }
}

/**
 * The text of a request without a body, or of the head of one with a body.
 *
 * @param {string} method
 * @param {string} path
 * @param {Record<string, string | number>} [headers]
 */
export function requestHead(method, path, headers = {}) {
  const lines = Object.entries({ Host: 'localhost', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** A connection that asks and waits for the answer, again and again. */
export class Client {
  #writer;
  #reader;
  #rest = new Uint8Array(0);

  /** @param {import('../../../index.js').Socket} socket */
  constructor(socket) {
    this.#writer = socket.writable.getWriter();
    this.#reader = socket.readable.getReader();
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Record<string, string | number>} [headers]
   * @param {Iterable<Uint8Array>} [body]
   */
  async request(method, path, headers, body = []) {
    const [response] = await this.pipeline([[method, path, headers, body]]);
    return response;
  }

  /**
   * Sends all requests before it looks at the answers.
   *
   * @param {[method: string, path: string, headers?: Record<string, string | number>, body?: Iterable<Uint8Array>][]}
   *   requests
   */
  async pipeline(requests) {
    const sending = this.#send(requests);
    const responses = [];
    for (const [method] of requests) responses.push(await this.#receive(method));
    await sending;
    return responses;
  }

  async #send(requests) {
    for (const [method, path, headers, body = []] of requests) {
      await this.#writer.write(requestHead(method, path, headers));
      for (const piece of body) await this.#writer.write(piece);
    }
  }

  async #receive(method) {
    /** @type {Buffer[]} */
    const pieces = [];
    const parser = new ResponseParser((bytes) => pieces.push(Buffer.from(bytes)), { method });
    let rest = this.#rest;
    for (;;) {
      if (rest.length > 0) rest = parser.push(rest);
      if (parser.isDone) break;
      const { value, done } = await this.#reader.read();
      if (done) {
        parser.end();
        break;
      }
      rest = value;
    }
    this.#rest = rest;
    return { status: parser.status, headers: parser.headers, body: Buffer.concat(pieces) };
  }

  /** Whether the server has ended the connection, and sent nothing more. */
  async isEnded() {
    return this.#rest.length === 0 && (await this.#reader.read()).done;
  }
}
