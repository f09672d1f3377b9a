#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| winter_sockets_fuzz::settings(data));

#[cfg(not(fuzzing))]
fn main() {}
