//! The workloads of `workloads/connect-api.mjs`.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use crate::dial::{Connection, Dialer, Service, Transport};

const MESSAGE: [u8; 64] = [b'x'; 64];
const BULK_BLOCK: usize = 64 * 1024;
const SMALL_BLOCK: usize = 1024;

#[derive(Clone, Copy)]
pub(crate) struct Workload {
    name: &'static str,
    transport: Transport,
    work: Work,
}

#[derive(Clone, Copy)]
enum Work {
    PingPong { connections: u64 },
    Download,
    Upload { block: usize },
    Echo,
    Churn { at_once: u64 },
}

/// By the names of `plan.mjs`.
const WORKLOADS: [Workload; 17] = [
    Workload::new("ping-pong-1", Transport::Tcp, Work::PingPong { connections: 1 }),
    Workload::new("ping-pong-64", Transport::Tcp, Work::PingPong { connections: 64 }),
    Workload::new("download", Transport::Tcp, Work::Download),
    Workload::new("upload-64k", Transport::Tcp, Work::Upload { block: BULK_BLOCK }),
    Workload::new("upload-1k", Transport::Tcp, Work::Upload { block: SMALL_BLOCK }),
    Workload::new("echo", Transport::Tcp, Work::Echo),
    Workload::new("churn", Transport::Tcp, Work::Churn { at_once: 1 }),
    Workload::new("churn-64", Transport::Tcp, Work::Churn { at_once: 64 }),
    Workload::new("tls-ping-pong-1", Transport::Tls, Work::PingPong { connections: 1 }),
    Workload::new("tls-ping-pong-64", Transport::Tls, Work::PingPong { connections: 64 }),
    Workload::new("tls-download", Transport::Tls, Work::Download),
    Workload::new("tls-upload-64k", Transport::Tls, Work::Upload { block: BULK_BLOCK }),
    Workload::new("tls-echo", Transport::Tls, Work::Echo),
    Workload::new("tls-churn", Transport::Tls, Work::Churn { at_once: 1 }),
    Workload::new("tls-churn-64", Transport::Tls, Work::Churn { at_once: 64 }),
    Workload::new("tls-resume", Transport::Resumable, Work::Churn { at_once: 1 }),
    Workload::new("starttls", Transport::StartTls, Work::Churn { at_once: 1 }),
];

impl Workload {
    const fn new(name: &'static str, transport: Transport, work: Work) -> Self {
        Self { name, transport, work }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        WORKLOADS.into_iter().find(|workload| workload.name == name)
    }
}

pub(crate) fn names() -> Vec<&'static str> {
    WORKLOADS.iter().map(|workload| workload.name).collect()
}

/// An opened workload, ready to run once.
pub(crate) enum Lane {
    PingPong(Vec<Connection>),
    Download(Connection),
    Upload(Connection, Vec<u8>),
    Echo(Connection),
    Churn { dialer: Dialer, transport: Transport, at_once: u64 },
}

impl Lane {
    pub(crate) async fn open(workload: &Workload, dialer: &Dialer) -> io::Result<Self> {
        let transport = workload.transport;
        Ok(match workload.work {
            Work::PingPong { connections } => {
                let mut open = Vec::new();
                for _ in 0..connections {
                    open.push(dialer.dial(transport, Service::Echo).await?);
                }
                Self::PingPong(open)
            }
            Work::Download => Self::Download(dialer.dial(transport, Service::Source).await?),
            Work::Upload { block } => {
                Self::Upload(dialer.dial(transport, Service::Sink).await?, vec![b'x'; block])
            }
            Work::Echo => Self::Echo(dialer.dial(transport, Service::Echo).await?),
            Work::Churn { at_once } => Self::Churn { dialer: dialer.clone(), transport, at_once },
        })
    }

    /// Does that many operations: the part that is timed.
    pub(crate) async fn run(&mut self, amount: u64) -> io::Result<()> {
        match self {
            Self::PingPong(connections) => ping_pong(connections, amount).await,
            Self::Download(connection) => download(connection, amount).await,
            Self::Upload(connection, block) => upload(connection, block, amount).await,
            Self::Echo(connection) => echo(connection, amount).await,
            Self::Churn { dialer, transport, at_once } => churn(dialer, *transport, *at_once, amount).await,
        }
    }

    pub(crate) async fn close(self) -> io::Result<()> {
        let connections = match self {
            Self::PingPong(connections) => connections,
            Self::Download(connection) | Self::Upload(connection, _) | Self::Echo(connection) => {
                vec![connection]
            }
            Self::Churn { .. } => vec![],
        };
        for mut connection in connections {
            connection.shutdown().await?;
        }
        Ok(())
    }
}

/// Every connection sends a message and waits for it to come back, over and over.
async fn ping_pong(connections: &mut Vec<Connection>, amount: u64) -> io::Result<()> {
    let each = amount / connections.len() as u64;
    let mut tasks = JoinSet::new();
    for mut connection in connections.drain(..) {
        tasks.spawn(async move {
            for _ in 0..each {
                exchange(&mut connection).await?;
            }
            Ok::<_, io::Error>(connection)
        });
    }
    while let Some(connection) = tasks.join_next().await {
        connections.push(connection??);
    }
    Ok(())
}

async fn download(connection: &mut Connection, amount: u64) -> io::Result<()> {
    let mut buffer = vec![0; BULK_BLOCK];
    connection.write_u64(amount * BULK_BLOCK as u64).await?;
    connection.flush().await?;
    for _ in 0..amount {
        connection.read_exact(&mut buffer).await?;
    }
    Ok(())
}

/// It ends with the server's word that it has everything.
async fn upload(connection: &mut Connection, block: &[u8], amount: u64) -> io::Result<()> {
    connection.write_u64(amount * block.len() as u64).await?;
    for _ in 0..amount {
        connection.write_all(block).await?;
    }
    connection.flush().await?;
    connection.read_u8().await?;
    Ok(())
}

/// Blocks go and come back at the same time.
async fn echo(connection: &mut Connection, amount: u64) -> io::Result<()> {
    let (mut reader, mut writer) = tokio::io::split(connection);
    let send = async {
        let block = vec![b'x'; BULK_BLOCK];
        for _ in 0..amount {
            writer.write_all(&block).await?;
        }
        writer.flush().await
    };
    let receive = async {
        let mut buffer = vec![0; BULK_BLOCK];
        for _ in 0..amount {
            reader.read_exact(&mut buffer).await?;
        }
        Ok(())
    };
    tokio::try_join!(send, receive).map(|_| ())
}

/// New connections, each for one message there and back, so many of them at a time.
async fn churn(dialer: &Dialer, transport: Transport, at_once: u64, amount: u64) -> io::Result<()> {
    let mut tasks = JoinSet::new();
    for number in 0..amount {
        if number >= at_once {
            tasks.join_next().await.transpose()?.transpose()?;
        }
        let dialer = dialer.clone();
        tasks.spawn(async move {
            let mut connection = dialer.dial(transport, Service::Echo).await?;
            exchange(&mut connection).await?;
            connection.shutdown().await
        });
    }
    while let Some(result) = tasks.join_next().await {
        result??;
    }
    Ok(())
}

async fn exchange(connection: &mut Connection) -> io::Result<()> {
    let mut buffer = [0; MESSAGE.len()];
    connection.write_all(&MESSAGE).await?;
    connection.flush().await?;
    connection.read_exact(&mut buffer).await?;
    Ok(())
}
