//! The only code that names Node-API: translates calls, events and failures.

mod core;
mod environment;
mod failure;
mod hot;
mod memory;
mod tls;
mod wake;
