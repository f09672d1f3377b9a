// Real servers: found where the system has installed them, run in a temporary folder, stopped afterwards.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { freePort } from '../../helpers/refused-port.js';

/** Where servers are installed that are not in the path of a normal user. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin'];

/** The environment for the programs of others: what is preloaded into Node, like a sanitizer, is not for them. */
export const { LD_PRELOAD: _, ...environment } = process.env;

/** Somebody else may take the port that was free a moment ago. */
const MOST_ATTEMPTS = 5;

/**
 * The path of a program, and for the option `skip` of the tests that need it: what to install if it is not there.
 *
 * @param {string} name
 * @param {string} packages
 * @param {string[]} [moreFolders] Where its packages have folders of their own.
 */
export function find(name, packages, moreFolders = []) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...MORE_FOLDERS, ...moreFolders];
  const path = folders.map((folder) => join(folder, name)).find(isExecutable);
  return { path, skip: path === undefined && `${name} is not installed (package ${packages})` };
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts a server and waits until it accepts connections.
 *
 * @param {string} path
 * @param {(folder: string, port: number) => string[]} configure Writes what the server needs to the folder, and gives
 *   its arguments.
 */
export async function startDaemon(path, configure) {
  for (let attempt = 1; ; attempt++) {
    const daemon = new Daemon(path, await freePort());
    const error = await daemon.start(configure);
    if (error === undefined) return daemon;
    await daemon.stop();
    if (attempt === MOST_ATTEMPTS) throw error;
  }
}

class Daemon {
  folder = mkdtempSync(join(tmpdir(), 'winter-sockets-daemon-'));
  #path;
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child;
  #output = '';

  constructor(path, port) {
    this.#path = path;
    this.port = port;
    this.address = `127.0.0.1:${port}`;
  }

  /** Gives an error if it ends before it listens. */
  async start(configure) {
    const child = spawn(this.#path, configure(this.folder, this.port), {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (this.#output += text));
    while (child.exitCode === null && child.signalCode === null) {
      if (await this.#accepts()) return undefined;
      await delay(20);
    }
    return new Error(`${this.#path} ended with ${child.exitCode ?? child.signalCode}:\n${this.#output}`);
  }

  /** Whether somebody listens on the port. */
  async #accepts() {
    const socket = connect(this.port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }

  async stop() {
    const child = this.#child;
    if (child?.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
