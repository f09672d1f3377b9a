//! Commands on standard input: `window N` answers with the server's own figures for the last N connections.

use std::io::{self, BufRead, Write};
use std::process;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::journal::Journal;

/// How long a client that has exited may take to be seen as gone.
const PATIENCE: Duration = Duration::from_secs(1);

/// Starts the thread that answers commands. It ends the process at the end of standard input.
pub(crate) fn spawn(journal: Arc<Journal>) {
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if let Some(count) = line.strip_prefix("window ").and_then(|count| count.trim().parse().ok()) {
                answer(&journal, count);
            }
        }
        process::exit(0);
    });
}

fn answer(journal: &Journal, count: usize) {
    let deadline = Instant::now() + PATIENCE;
    while !journal.is_idle() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
    let window = journal.window(count);
    let _ = writeln!(
        io::stdout(),
        r#"{{"connections":{},"bytes":{},"seconds":{},"lifeSeconds":{}}}"#,
        window.connections,
        window.bytes,
        window.span.as_secs_f64(),
        window.life.as_secs_f64()
    );
}
