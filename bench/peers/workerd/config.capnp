# The worker on an ephemeral port. `private` lets it reach the loopback interface.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    ( name = "worker", worker = .worker ),
    ( name = "internet", network = (
      allow = ["public", "private"],
      tlsOptions = ( trustedCertificates = [ embed "../../certificates/ca.pem" ] ),
    ) ),
  ],
  sockets = [ ( name = "http", address = "127.0.0.1:0", http = (), service = "worker" ) ],
);

const worker :Workerd.Worker = (
  # Not later than the installed workerd's own date, which is the newest one it knows.
  compatibilityDate = "2026-10-01",
  modules = [
    ( name = "peers/workerd/worker.mjs", esModule = embed "worker.mjs" ),
    ( name = "workloads/connect-api.mjs", esModule = embed "../../workloads/connect-api.mjs" ),
    ( name = "workloads/protocol.mjs", esModule = embed "../../workloads/protocol.mjs" ),
  ],
);
