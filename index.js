'use strict';

const { TLSSocket } = require('./lib/binding-object.js');
const { connect } = require('./lib/connect.js');
const { SocketError } = require('./lib/errors.js');
const { Socket } = require('./lib/socket.js');

module.exports = { connect, Socket, SocketError, TLSSocket };
