// A connection that the process may not make: what `opened` and `closed` reject with.

const { connect } = require('../../../../index.js');

const socket = connect('127.0.0.1:1');
Promise.allSettled([socket.opened, socket.closed]).then((results) => {
  console.log(...results.map(({ reason }) => reason.code));
});
