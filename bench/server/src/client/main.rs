//! The peer in Rust: what tokio and rustls can do without JavaScript, on one thread.
//!
//! It speaks the protocol of `client.mjs`: takes a task, prints a line of JSON when it is ready, and times a slice
//! of work for each line on standard input.

mod dial;
mod workload;

use std::error::Error;
use std::io::{self, BufRead};
use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::dial::{Addresses, Dialer};
use crate::workload::{Lane, Workload};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    workload: String,
    addresses: Addresses,
    granularity: u64,
    warm_up: u64,
    limit: Option<u64>,
    slice_seconds: f64,
    warm_up_seconds: f64,
}

struct Slice {
    amount: u64,
    seconds: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let json = std::env::args().nth(1).ok_or("a task is missing")?;
    let task = match serde_json::from_str(&json)? {
        Value::Object(task) if !task.contains_key("workload") => None,
        task => Some(serde_json::from_value::<Task>(task)?),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let Some(task) = task else {
        println!("{}", json!({ "version": "tokio and rustls", "workloads": workload::names() }));
        return Ok(());
    };

    let workload = Workload::named(&task.workload).ok_or("this peer has no such workload")?;
    let dialer = Dialer::new(task.addresses.clone())?;
    let time = |amount| runtime.block_on(time(&workload, &dialer, amount));
    let amount = warm_up(&task, time)?;
    println!("{}", json!({}));
    for _ in io::stdin().lock().lines() {
        let Slice { amount, seconds } = time(amount)?;
        println!("{}", json!({ "amount": amount, "seconds": seconds }));
    }
    Ok(())
}

/// Doubles the work until it takes long enough to tell how much makes a slice, as `client.mjs` does.
fn warm_up(task: &Task, time: impl Fn(u64) -> io::Result<Slice>) -> io::Result<u64> {
    let limit = task.limit.unwrap_or(u64::MAX);
    let mut last = time(task.warm_up)?;
    while last.seconds < task.warm_up_seconds && last.amount < limit {
        last = time((last.amount * 2).min(limit))?;
    }
    let wanted = (task.slice_seconds / last.seconds * last.amount as f64).min(limit as f64);
    Ok(((wanted / task.granularity as f64).round() as u64).max(1) * task.granularity)
}

async fn time(workload: &Workload, dialer: &Dialer, amount: u64) -> io::Result<Slice> {
    let mut lane = Lane::open(workload, dialer).await?;
    let start = Instant::now();
    lane.run(amount).await?;
    let seconds = start.elapsed().as_secs_f64();
    lane.close().await?;
    Ok(Slice { amount, seconds })
}
