use crate::script::Script;
use crate::tls::client::{Settings, Versions, configure};

/// PEM in `ca`, `cert` and `key`, and the other settings, in fields that end with a zero byte.
pub fn settings(data: &[u8]) {
    let mut script = Script::new(data);
    let switches = script.byte();
    let versions = [Versions::All, Versions::Tls12, Versions::Tls13][usize::from(switches % 3)];
    // Without `ca` the default roots are loaded, which takes most of the time and tells nothing new.
    let ca = vec![script.field().to_vec()];
    let mut identities = Vec::new();
    let mut alpn = Vec::new();
    if switches & 4 != 0 {
        identities.push((script.field().to_vec(), script.field().to_vec()));
    }
    if switches & 8 != 0 {
        alpn.push(String::from_utf8_lossy(script.field()).into_owned());
    }
    let has_identity = !identities.is_empty();
    let given = Settings { ca, identities, alpn, versions, ..Settings::default() };
    match configure(given.clone()) {
        Ok((config, warnings)) => {
            assert!(warnings.is_empty(), "{warnings:?}");
            assert_eq!(config.client_auth_cert_resolver.has_certs(), has_identity);
            let (again, _) = configure(given).unwrap();
            assert!(std::sync::Arc::ptr_eq(&config, &again), "the same settings make another configuration");
        }
        Err(problem) => {
            let is_named = ["ca", "cert", "key"].iter().any(|name| problem.contains(&format!(" {name} ")));
            assert!(is_named, "no option is named: {problem}");
            // It goes into a message, and may quote what was given.
            assert!(problem.len() < 1000, "{} bytes of message: {problem}", problem.len());
        }
    }
}
