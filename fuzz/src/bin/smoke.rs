//! Runs every target without a fuzzer, on a stable toolchain: all seeds as they are, then mutations of them for a number
//! of seconds each. It knows nothing of coverage; it finds what has become fragile, and keeps the targets alive.
//!
//! `smoke [seconds] [seed]`: prints the seed of its choices, and the input that fails.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use winter_sockets_fuzz::TARGETS;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let seconds: f64 = args.next().map_or(5.0, |text| text.parse().expect("a number of seconds"));
    let seed = args.next().map_or_else(now, |text| text.parse().expect("a seed"));
    println!("seed {seed}");
    let mut ok = true;
    for (name, target) in TARGETS {
        let seeds = read_seeds(name);
        assert!(!seeds.is_empty(), "{name} has no seeds");
        let mut random = Random(seed | 1);
        let mut runs = 0;
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        let mut inputs: Vec<Vec<u8>> = seeds.clone();
        while let Some(input) = inputs.pop() {
            if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
                ok = false;
                println!("{name} fails with {} (in hexadecimal)", hexadecimal(&input));
                break;
            }
            runs += 1;
            if inputs.is_empty() && Instant::now() < end {
                inputs.push(random.mutation(&seeds));
            }
        }
        println!("{name}: {} seeds, {runs} executions", seeds.len());
    }
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_micros() as u64)
}

fn read_seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("a folder of seeds")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a seed")).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// xorshift64*: good enough to pick a byte.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32
    }

    fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end.max(1)
    }

    /// A seed with a few changes, or the beginning of one and the end of another.
    fn mutation(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(8) {
            let at = self.below(input.len() + 1);
            match self.below(5) {
                0 => input.truncate(at),
                1 => input.insert(at, self.next() as u8),
                2 if at < input.len() => drop(input.remove(at)),
                3 => {
                    let other = &seeds[self.below(seeds.len())];
                    input.splice(at.., other[self.below(other.len())..].iter().copied());
                }
                _ => {
                    if let Some(byte) = input.get_mut(at) {
                        *byte ^= 1 << self.below(8);
                    }
                }
            }
        }
        input
    }
}
