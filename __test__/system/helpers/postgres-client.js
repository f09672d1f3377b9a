// As much of PostgreSQL's protocol as it takes to ask for TLS, and to query.

/** The request for TLS, which comes before everything else; a single byte answers it. */
export const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** A connection on which one query follows the other. */
export class PostgresClient {
  #writer;
  #reader;
  #bytes = Buffer.alloc(0);

  /** @param {import('../../../index.js').Socket} socket */
  constructor(socket) {
    this.socket = socket;
    this.#writer = socket.writable.getWriter();
    this.#reader = socket.readable.getReader();
  }

  /** Logs in, and waits until queries can come. */
  async login(user = 'winter') {
    const parameters = Buffer.from(`user\0${user}\0database\0postgres\0\0`);
    const head = Buffer.alloc(8);
    head.writeInt32BE(head.length + parameters.length);
    head.writeInt32BE(3 << 16, 4);
    await this.#writer.write(Buffer.concat([head, parameters]));
    await this.#untilReady();
    return this;
  }

  /** Runs a query, and gives its rows of strings. */
  async query(sql) {
    await this.send('Q', `${sql}\0`);
    return this.#untilReady();
  }

  /** Hands a table its rows, as the text that COPY takes. */
  async copyIn(table, chunks) {
    await this.send('Q', `COPY ${table} FROM STDIN\0`);
    const { type } = await this.message();
    if (type !== 'G') throw new Error(`COPY is answered with ${type}`);
    for (const chunk of chunks) await this.send('d', chunk);
    await this.send('c', '');
    await this.#untilReady();
  }

  /** Sends one message. */
  send(type, body) {
    const bytes = Buffer.from(body);
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeInt32BE(bytes.length + 4, 1);
    return this.#writer.write(Buffer.concat([head, bytes]));
  }

  /** The next message; `undefined` when the server has ended the connection. */
  async message() {
    const head = await this.#take(5);
    if (head === undefined) return undefined;
    const body = await this.#take(head.readInt32BE(1) - 4);
    return { type: String.fromCharCode(head[0]), body };
  }

  async #take(count) {
    const chunks = [this.#bytes];
    let length = this.#bytes.length;
    while (length < count) {
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      chunks.push(value);
      length += value.byteLength;
    }
    const all = chunks.length === 1 ? this.#bytes : Buffer.concat(chunks);
    this.#bytes = all.subarray(count);
    return all.subarray(0, count);
  }

  async #untilReady() {
    const rows = [];
    let failure;
    for (;;) {
      const message = await this.message();
      if (message === undefined) throw failure ?? new Error('the server has ended the connection');
      const { type, body } = message;
      if (type === 'D') rows.push(parseRow(body));
      if (type === 'E') failure = parseError(body);
      if (type === 'Z') {
        if (failure) throw failure;
        return rows;
      }
    }
  }
}

function parseRow(body) {
  const row = [];
  for (let at = 2; row.length < body.readInt16BE(0);) {
    const start = at + 4;
    const length = body.readInt32BE(at);
    at = start + Math.max(length, 0);
    row.push(length === -1 ? null : body.toString('utf8', start, at));
  }
  return row;
}

function parseError(body) {
  const fields = Object.fromEntries(
    body
      .toString('utf8')
      .split('\0')
      .filter((field) => field !== '')
      .map((field) => [field[0], field.slice(1)]),
  );
  return Object.assign(new Error(fields.M), { code: fields.C });
}
