//! Sockets, and how to get a connected one.

pub(crate) mod dial;
pub(crate) mod link;
#[cfg(test)]
mod link_tests;
pub(crate) mod queue;
pub(crate) mod resolve;
pub(crate) mod stream;
pub(crate) mod transport;
