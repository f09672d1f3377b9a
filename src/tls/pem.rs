//! What is wrong with a text that should be PEM, in words that quote nothing of it: it may be a private key, and where its
//! line breaks are lost all of it is the first line.

use rustls::pki_types::pem::Error;

/// Goes on from "it", as in "is not valid PEM: …".
pub(super) fn problem(error: &Error) -> &'static str {
    match error {
        Error::MissingSectionEnd { .. } => {
            "it has a BEGIN line without the END line that belongs to it, so that it may be cut off, or without its line breaks"
        }
        Error::IllegalSectionStart { .. } => {
            "its BEGIN line has more to it, so that its line breaks may be lost, or be written as \\n"
        }
        Error::Base64Decode(_) => "what is between its BEGIN and END lines is not base64",
        Error::NoItemsFound => "it has no BEGIN line of one",
        Error::SectionTooLarge => "it is too long",
        _ => "it can't be read",
    }
}
