//! `Core`: the native half of one copy of the module in one Node environment.

use std::rc::Rc;
use std::time::Duration;

use napi::bindgen_prelude::{
    Env, Error, Function, JsValue, Object, Result, Status, Uint8ArraySlice, Uint32ArraySlice,
};
use napi_derive::napi;
use rustls::pki_types::ServerName;

use super::environment::Environment;
use super::failure::NativeFailure;
use super::hot;
use super::tls::TlsConfig;
use crate::engine::secure::Security;
use crate::tls::client::Target;

/// The sockets of one environment.
///
/// `dispatch(count)` is called with the number of events that were put into `events`, as pairs of a key and
/// a set of flags. `slab` receives what `recv()` reads. Both arrays must be of this caller's own and must
/// never be detached.
#[napi]
pub struct Core {
    environment: Rc<Environment>,
}

/// How a connection came about.
#[napi(object)]
pub struct NativeInfo {
    /// `ip:port` of this end.
    pub local_address: String,
    /// `ip:port` of the address that answered.
    pub resolved_address: String,
    /// The protocol that was negotiated by ALPN.
    pub alpn: Option<String>,
}

fn target(config: &TlsConfig, server_name: String) -> Result<Target> {
    config
        .target(server_name)
        .ok_or_else(|| Error::new(Status::InvalidArg, "the server's name is no host name and no IP address"))
}

fn milliseconds(deadline: Option<u32>) -> Option<Duration> {
    deadline.map(|milliseconds| Duration::from_millis(milliseconds.into()))
}

#[napi]
impl Core {
    /// Attaches to the environment's event loop, or to tokio where `useTokio` says that there is none.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        dispatch: Function<u32, ()>,
        events: Uint32ArraySlice<'_>,
        slab: Uint8ArraySlice<'_>,
        use_tokio: bool,
    ) -> Result<Self> {
        let environment = Environment::attach(env, dispatch.raw(), events.raw(), slab.raw(), use_tokio)?;
        Ok(Self { environment })
    }

    /// The functions of the data path, each bound to this core:
    /// `recv(key)`, `recvInto(key, view)`, `send(key, view)`, `flush()`, `shutdown(key)`, `close(key)`.
    #[napi(
        ts_return_type = "{ recv(key: number): number, recvInto(key: number, view: Uint8Array): number, send(key: number, view: Uint8Array): number, flush(): number, shutdown(key: number): number, close(key: number): number }"
    )]
    pub fn hot<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        hot::functions(env, &self.environment)
    }

    /// Begins to connect, and gives the connection's key; `null` if this thread has over a million connections. A
    /// `deadline`, in milliseconds, ends what takes longer.
    #[napi(catch_unwind)]
    pub fn connect(&self, hostname: String, port: u16, deadline: Option<u32>) -> Option<u32> {
        let security = Security { tls: None, deadline: milliseconds(deadline) };
        self.environment.engine().connect(&hostname, port, security)
    }

    /// The same with TLS. Throws if the name of the server is neither a host name nor an IP address.
    #[napi(catch_unwind)]
    pub fn connect_tls(
        &self,
        hostname: String,
        port: u16,
        config: &TlsConfig,
        server_name: String,
        deadline: Option<u32>,
    ) -> Result<Option<u32>> {
        let security = Security { tls: Some(target(config, server_name)?), deadline: milliseconds(deadline) };
        Ok(self.environment.engine().connect(&hostname, port, security))
    }

    /// Upgrades an open connection, which has nothing left to send, to TLS; its key stays. False if it is not open.
    #[napi(catch_unwind)]
    pub fn start_tls(&self, key: u32, config: &TlsConfig, server_name: String) -> Result<bool> {
        Ok(self.environment.engine().start_tls(key, target(config, server_name)?).is_ok())
    }

    /// Whether TLS can be spoken with a server of this name.
    #[napi(catch_unwind)]
    pub fn is_server_name(&self, name: String) -> bool {
        ServerName::try_from(name).is_ok()
    }

    /// The addresses of an open connection.
    #[napi(catch_unwind)]
    pub fn info(&self, key: u32) -> Option<NativeInfo> {
        let mut engine = self.environment.engine();
        let link = engine.link(key)?;
        Some(NativeInfo {
            // An open socket has a name; without one it is told by its absence.
            local_address: link.stream().local_addr().map_or_else(|_| String::new(), |addr| addr.to_string()),
            resolved_address: link.peer_addr().to_string(),
            alpn: link.alpn(),
        })
    }

    /// Takes what made the last operation fail.
    #[napi(catch_unwind)]
    pub fn take_failure(&self, key: u32) -> Option<NativeFailure> {
        self.environment.engine().take_failure(key).map(NativeFailure::from)
    }

    /// Whether bytes that arrived before a failure are still to be read.
    #[napi(catch_unwind)]
    pub fn has_input(&self, key: u32) -> bool {
        self.environment.engine().has_input(key)
    }

    /// Begins a close: input is discarded, and the peer must go on taking what is still written.
    #[napi(catch_unwind)]
    pub fn drain(&self, key: u32) -> bool {
        self.environment.engine().drain(key).is_ok()
    }

    /// Gives up sending: what can't be sent now is dropped. If anything was, or if `isTruncated` says so, the close
    /// will be a reset, lest the peer takes the part for the whole.
    #[napi(catch_unwind)]
    pub fn abandon(&self, key: u32, is_truncated: bool) {
        self.environment.engine().abandon(key, is_truncated);
    }

    /// Closes with RST.
    #[napi(catch_unwind)]
    pub fn reset(&self, key: u32) {
        self.environment.engine().reset(key);
    }

    /// Says whether an open connection keeps the process alive.
    #[napi(catch_unwind)]
    pub fn hold(&self, key: u32, hold: bool) {
        self.environment.engine().hold(key, hold);
    }
}
