//! A certificate's signature that has been verified is not verified again.
//!
//! It is the most expensive step of checking a chain, and a program meets the same few chains over and over. The answer
//! depends on nothing but the bytes, so remembering it relaxes nothing: names, times, constraints and trust are looked at
//! for each handshake, and so is the server's own signature.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{AlgorithmIdentifier, FipsStatus, InvalidSignature, SignatureVerificationAlgorithm};

/// Signatures that are remembered for each algorithm: those of some thirty chains.
const MOST_REMEMBERED: usize = 64;

/// Longer ones are verified each time, so that nobody makes us remember much. Certificates have 1 to 2 KiB.
const LONGEST_REMEMBERED: usize = 8 * 1024;

/// rustls's algorithms; those for certificates remember.
pub(super) fn algorithms() -> WebPkiSupportedAlgorithms {
    static FOR_CERTIFICATES: LazyLock<Vec<Remembering>> =
        LazyLock::new(|| rustls_algorithms().all.iter().map(|inner| Remembering::new(*inner)).collect());
    static ALL: LazyLock<Vec<&'static dyn SignatureVerificationAlgorithm>> =
        LazyLock::new(|| FOR_CERTIFICATES.iter().map(|algorithm| algorithm as _).collect());
    WebPkiSupportedAlgorithms { all: &ALL, ..rustls_algorithms() }
}

fn rustls_algorithms() -> WebPkiSupportedAlgorithms {
    rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms
}

/// An algorithm that remembers what it has verified.
#[derive(Debug)]
struct Remembering {
    inner: &'static dyn SignatureVerificationAlgorithm,
    verified: Mutex<HashSet<Box<[u8]>>>,
}

impl Remembering {
    fn new(inner: &'static dyn SignatureVerificationAlgorithm) -> Self {
        Self { inner, verified: Mutex::default() }
    }

    fn verified(&self) -> MutexGuard<'_, HashSet<Box<[u8]>>> {
        // A poisoned lock guards plain data that is valid at every step.
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SignatureVerificationAlgorithm for Remembering {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let bytes = unambiguous(public_key, message, signature);
        if bytes.len() > LONGEST_REMEMBERED {
            return self.inner.verify_signature(public_key, message, signature);
        }
        if self.verified().contains(&bytes) {
            return Ok(());
        }
        self.inner.verify_signature(public_key, message, signature)?;
        let mut verified = self.verified();
        if verified.len() >= MOST_REMEMBERED {
            verified.clear();
        }
        verified.insert(bytes);
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.inner.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.inner.signature_alg_id()
    }

    fn fips_status(&self) -> FipsStatus {
        self.inner.fips_status()
    }
}

/// All three in one piece, with their lengths, so that no two questions look alike.
fn unambiguous(public_key: &[u8], message: &[u8], signature: &[u8]) -> Box<[u8]> {
    let lengths = [public_key.len(), message.len()].map(usize::to_le_bytes);
    [lengths.as_flattened(), public_key, message, signature].concat().into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Verifies signatures that equal the message, and counts how often it is asked.
    #[derive(Debug, Default)]
    struct Counting(AtomicUsize);

    impl SignatureVerificationAlgorithm for Counting {
        fn verify_signature(
            &self,
            _public_key: &[u8],
            message: &[u8],
            signature: &[u8],
        ) -> Result<(), InvalidSignature> {
            self.0.fetch_add(1, Ordering::SeqCst);
            if message == signature { Ok(()) } else { Err(InvalidSignature) }
        }

        fn public_key_alg_id(&self) -> AlgorithmIdentifier {
            rustls::pki_types::alg_id::ED25519
        }

        fn signature_alg_id(&self) -> AlgorithmIdentifier {
            rustls::pki_types::alg_id::ED25519
        }
    }

    fn remembering() -> (Remembering, &'static AtomicUsize) {
        let counting: &'static Counting = Box::leak(Box::default());
        (Remembering::new(counting), &counting.0)
    }

    #[test]
    fn what_was_verified_is_not_verified_again() {
        let (algorithm, asked) = remembering();
        for _ in 0..3 {
            assert!(algorithm.verify_signature(b"key", b"message", b"message").is_ok());
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn what_failed_fails_again() {
        let (algorithm, asked) = remembering();
        for _ in 0..3 {
            assert!(algorithm.verify_signature(b"key", b"message", b"forged").is_err());
        }
        assert_eq!(asked.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn nothing_is_taken_for_something_else() {
        let (algorithm, asked) = remembering();
        assert!(algorithm.verify_signature(b"key", b"message", b"message").is_ok());
        let (longer, shorter) = (b"message", b"messagemessage");
        for (key, message, signature) in [
            (b"other".as_slice(), longer.as_slice(), longer.as_slice()),
            (b"key", longer, b"massage"),
            (b"key", b"massage", longer),
            (b"ke", b"ymessage", longer),
            (b"keymessage", b"", longer),
            (b"key", shorter, b""),
            (b"key", b"", shorter),
        ] {
            let before = asked.load(Ordering::SeqCst);
            assert_eq!(algorithm.verify_signature(key, message, signature).is_ok(), message == signature);
            assert_eq!(asked.load(Ordering::SeqCst), before + 1, "{key:?} {message:?} {signature:?}");
        }
    }

    #[test]
    fn little_is_remembered() {
        let (algorithm, asked) = remembering();
        let long = vec![0; LONGEST_REMEMBERED];
        for _ in 0..2 {
            assert!(algorithm.verify_signature(b"key", &long, &long).is_ok());
        }
        assert_eq!((asked.load(Ordering::SeqCst), algorithm.verified().len()), (2, 0));
        for number in 0..10 * MOST_REMEMBERED {
            let message = number.to_le_bytes();
            assert!(algorithm.verify_signature(b"key", &message, &message).is_ok());
            assert!(algorithm.verified().len() <= MOST_REMEMBERED);
        }
    }

    #[test]
    fn every_algorithm_of_rustls_is_there() {
        let (ours, rustls) = (algorithms(), rustls_algorithms());
        let names = |algorithms: WebPkiSupportedAlgorithms| -> Vec<_> {
            algorithms.all.iter().map(|each| (each.public_key_alg_id(), each.signature_alg_id())).collect()
        };
        assert_eq!(names(ours), names(rustls));
        assert_eq!(ours.supported_schemes(), rustls.supported_schemes());
    }
}
