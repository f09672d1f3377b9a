/**
 * The other end of every scenario: loopback peers on `node:net`, run by the test process, and the HTTP control channel by
 * which a scenario (in either runtime, with nothing but `fetch`) tells its peer what to do next and asks what it saw.
 *
 * Commands answer once they have happened, so scenarios synchronise on events and never on time.
 */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { refusedPort } from '../helpers/refused-port.js';
import { Connection } from './connection.js';
import { pattern } from './harness.js';
import { scripts } from './scripts.js';

/** @typedef {import('./scripts.js').Script} Script */

/** With 10 ms between them, half a second. */
const REFUSAL_ATTEMPTS = 50;

/** A loopback peer of one scenario run. */
export class Peer {
  /** @type {Connection[]} */ connections = [];
  /** @type {((connection: Connection) => void)[]} */ #waiting = [];
  /** @type {(() => unknown)[]} */ #disposers = [];
  port = 0;

  /** @param {Script} script */
  static async start(script) {
    const peer = new Peer();
    const host = script.host ?? '127.0.0.1';
    if (script.neverAccepts) {
      await peer.#listenWithFullBacklog(host);
      return peer;
    }
    if (script.refuses) {
      peer.port = await refusedPort({ after: (dispose) => peer.#disposers.push(dispose) }, host);
      return peer;
    }
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const connection = new Connection(socket, script);
      peer.connections.push(connection);
      for (const resolve of peer.#waiting.splice(0)) resolve(peer.connections[0]);
    });
    server.listen(0, host);
    await once(server, 'listening');
    peer.port = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
    peer.#disposers.push(() => server.close());
    return peer;
  }

  /**
   * A listener that is blocked in a thread of its own: once its backlog is full, the kernel drops further SYNs.
   *
   * @param {string} host
   */
  async #listenWithFullBacklog(host) {
    const worker = new Worker(
      `const { createServer } = require('node:net');
       const { parentPort, workerData } = require('node:worker_threads');
       const server = createServer().listen({ port: 0, host: workerData, backlog: 1 }, () => {
         parentPort.postMessage(server.address().port);
         Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
       });`,
      { eval: true, workerData: host },
    );
    [this.port] = await once(worker, 'message');
    // A backlog of 1 takes two connections on Linux; the third is the first that stays pending.
    const fillers = Array.from({ length: 3 }, () => connect(this.port, host).on('error', () => {}));
    await Promise.all(fillers.slice(0, 2).map((filler) => once(filler, 'connect')));
    this.#disposers.push(
      () => worker.terminate(),
      () => fillers.forEach((filler) => filler.destroy()),
    );
  }

  /** @returns {Promise<Connection>} */
  first() {
    if (this.connections.length > 0) return Promise.resolve(this.connections[0]);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /**
   * @param {string} name
   * @param {any} argument
   */
  async command(name, argument) {
    if (name === 'ping') return {};
    if (name === 'state') {
      const [connection] = this.connections;
      return { connections: this.connections.length, ...connection?.report };
    }
    const connection = await this.first();
    const { socket } = connection;
    switch (name) {
      case 'accepted':
        return { remoteAddress: `${connection.remoteAddress}:${connection.remotePort}` };
      case 'send':
        await new Promise((resolve) => socket.write(Buffer.from(argument, 'latin1'), resolve));
        return {};
      case 'send bytes':
        // Not awaited: the client may not be reading yet.
        socket.write(pattern(argument));
        return {};
      case 'end':
        await new Promise((resolve) => socket.end(() => resolve(undefined)));
        return {};
      case 'cut':
        connection.raw.end();
        return {};
      case 'reset':
        connection.raw.resetAndDestroy();
        await connection.until(() => connection.closed);
        return {};
      case 'secured':
        await connection.until(() => Boolean(connection.secured) || connection.hasEnded);
        return connection.secured ?? 'not secured';
      case 'resume':
        connection.resume();
        return {};
      case 'received':
        await connection.until(() => connection.bytes >= argument || connection.hasEnded);
        return connection.report;
      case 'ended':
        await connection.until(() => connection.hasEnded);
        return connection.report;
      case 'refused':
        // Writes until the client's kernel answers with a RST, which it does once nobody holds the descriptor. The number
        // of attempts is a deadline: a descriptor that is released answers the first or the second.
        for (let attempt = 0; attempt < REFUSAL_ATTEMPTS && !connection.errored; attempt += 1) {
          await new Promise((resolve) => socket.write('x', resolve));
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        return { refused: connection.errored };
      default:
        throw new Error(`unknown command ${name}`);
    }
  }

  stop() {
    for (const { raw, socket } of this.connections) {
      socket.destroy();
      raw.destroy();
    }
    for (const dispose of this.#disposers) dispose();
  }
}

/** Starts peers, and serves the control channel for all of them. */
export class PeerHub {
  /** @type {Map<string, Peer>} */ #peers = new Map();
  #next = 0;
  #server = createHttpServer((request, response) => this.#serve(request, response));
  url = '';

  static async start() {
    const hub = new PeerHub();
    hub.#server.keepAliveTimeout = 60_000;
    hub.#server.listen(0, '127.0.0.1');
    await once(hub.#server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (hub.#server.address());
    hub.url = `http://127.0.0.1:${port}`;
    return hub;
  }

  /**
   * Starts a peer; what it returns is all that a scenario gets to know about it.
   *
   * @param {string} scriptName
   */
  async open(scriptName) {
    const script = scripts[scriptName];
    if (!script) throw new Error(`no peer script is called "${scriptName}"`);
    const id = String(this.#next++);
    const peer = await Peer.start(script);
    this.#peers.set(id, peer);
    return { id, control: `${this.url}/${id}`, hostname: script.host ?? '127.0.0.1', port: peer.port };
  }

  close(/** @type {string} */ id) {
    this.#peers.get(id)?.stop();
    this.#peers.delete(id);
  }

  stop() {
    for (const id of [...this.#peers.keys()]) this.close(id);
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async #serve(request, response) {
    try {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { command, argument } = JSON.parse(body);
      const peer = this.#peers.get(String(request.url).slice(1));
      if (!peer) throw new Error('the peer is gone');
      response.end(JSON.stringify(await peer.command(command, argument)));
    } catch (error) {
      response.statusCode = 500;
      response.end(String(error));
    }
  }
}
