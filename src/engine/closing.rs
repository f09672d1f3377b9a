//! Closing a connection without losing what was written to it.

use std::time::Duration;

use super::{Engine, Failed, Phase, flags};
use crate::net::link::{Link, Progress};
use crate::reactor::inbox::Message;
use crate::reactor::{Key, Timer};

/// How long a connection that is being closed may go without the peer taking a byte.
const FLUSH_DEADLINE: Duration = Duration::from_secs(10);

/// How often it is looked at.
const FLUSH_LOOK: Duration = Duration::from_secs(1);

/// A lingering connection is looked at after this time, and then at intervals that double, because no event
/// tells of an acknowledgement.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LONGEST_LOOK: Duration = Duration::from_millis(64);

/// How long a lingering connection whose peer has acknowledged everything may be silent.
const LINGER_IDLE: Duration = Duration::from_millis(500);

/// A close under way.
pub(super) struct Closing {
    stage: Stage,
    /// Without one, the peer decides how long the close takes.
    timer: Option<Timer>,
    /// How long the timer runs.
    interval: Duration,
    /// How long the peer has done nothing.
    idle: Duration,
    /// How long this stage has taken.
    total: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// More will be written.
    Draining,
    /// FIN waits behind the last bytes.
    Flushing,
    /// All is sent, but the peer does not have all of it: closing now might destroy that.
    Lingering,
}

impl Engine {
    /// Begins the close of an open connection while there is more to write: input is discarded, and the
    /// peer has to go on taking bytes, or the connection is reset, and `CLOSED` follows.
    pub(crate) fn drain(&mut self, key: Key) -> Result<(), Failed> {
        self.with_link(key, Link::discard_input)?;
        self.enter(key, Stage::Draining);
        Ok(())
    }

    /// Gives up sending. If that drops bytes, or `is_truncated` says that some are missing, the close will be
    /// a reset, so that the peer can't take the part for the whole.
    pub(crate) fn abandon(&mut self, key: Key, is_truncated: bool) {
        // A connection that is not open has nothing to give up.
        let _only_if_open = self.with_link(key, |link| {
            link.abandon(is_truncated);
            Ok(())
        });
    }

    /// Closes a connection in whatever state it is, FIN behind what was written. `Wait` if some of that is
    /// not with the peer yet: `CLOSED` follows.
    pub(crate) fn close(&mut self, key: Key) -> Progress {
        let is_truncated = self.link(key).is_some_and(Link::is_truncated);
        if !is_truncated && self.shutdown(key) == Ok(Progress::Wait) && self.drain(key).is_ok() {
            self.enter(key, Stage::Flushing);
            return Progress::Wait;
        }
        self.close_sent(key)
    }

    /// Closes a connection at once, with RST if it is open.
    pub(crate) fn reset(&mut self, key: Key) {
        if let Some(link) = self.link(key) {
            // If it can't be had, the connection is dead already, and closing is all that is left.
            let _best_effort = link.stream().reset_on_close();
        }
        self.release(key);
    }

    /// Lets what happened move a close forward; what JavaScript is to be told.
    pub(super) fn on_closing(&mut self, key: Key, happened: u32) -> u32 {
        match self.closing(key) {
            Some(Stage::Flushing) if happened & flags::WRITABLE != 0 => match self.close_sent(key) {
                Progress::Done => flags::CLOSED | flags::WRITABLE,
                Progress::Wait => flags::WRITABLE,
            },
            Some(Stage::Flushing | Stage::Lingering) if happened & flags::BROKEN != 0 => {
                self.release(key);
                flags::CLOSED
            }
            Some(Stage::Lingering) if self.link(key).is_some_and(Link::input_ended) => {
                self.let_go(key);
                flags::CLOSED
            }
            Some(Stage::Lingering) => 0,
            _ => happened,
        }
    }

    /// The time to make progress is over; `before` is what there was to see when it began.
    pub(super) fn on_deadline(&mut self, key: Key, before: u64) {
        let Some(stage) = self.closing(key) else { return };
        let now = self.mark(key, stage);
        let is_heard = self.link(key).is_none_or(|link| !link.has_unacknowledged());
        let is_chatty = self.link(key).is_some_and(|link| link.discarded() > 0);
        let Some(closing) = self.table.get_mut(key).and_then(|connection| connection.closing.as_mut()) else {
            return;
        };
        let idle_limit = match (stage, is_heard, is_chatty) {
            (Stage::Lingering, true, false) => Duration::ZERO,
            (Stage::Lingering, true, true) => LINGER_IDLE,
            _ => FLUSH_DEADLINE,
        };
        closing.idle = if now == before { closing.idle + closing.interval } else { Duration::ZERO };
        closing.total += closing.interval;
        let is_over = closing.idle >= idle_limit || (is_heard && closing.total >= FLUSH_DEADLINE);
        if !is_over {
            closing.interval = stage.next_interval(closing.interval);
            let again = Message::Deadline { key, mark: now };
            closing.timer = self.reactor.start_timer(closing.interval, again);
            return;
        }
        if stage == Stage::Lingering {
            // The kernel has it all, and goes on trying to deliver it.
            self.let_go(key);
        } else {
            self.reset(key);
        }
        self.events.push_back((key, flags::CLOSED));
    }

    /// Nothing more is sent: closes the descriptor, unless that would destroy what the peer still has to take.
    fn close_sent(&mut self, key: Key) -> Progress {
        // Unread input would turn the close into a reset, too.
        let had_to_wait = self.closing(key).is_some();
        let lingers = self.with_link(key, |link| {
            link.discard_present_input();
            if !link.must_linger(had_to_wait) {
                return Ok(false);
            }
            link.discard_input()?;
            Ok(true)
        });
        if lingers == Ok(true) {
            self.enter(key, Stage::Lingering);
            return Progress::Wait;
        }
        self.let_go(key);
        Progress::Done
    }

    /// Closes the descriptor of a connection that has sent what it will ever send: with RST if that is not all.
    fn let_go(&mut self, key: Key) {
        if self.link(key).is_some_and(Link::is_truncated) {
            self.reset(key);
        } else {
            self.release(key);
        }
    }

    /// Begins a stage, whose timer looks for progress; a no-op within the stage.
    fn enter(&mut self, key: Key, stage: Stage) {
        if self.closing(key) == Some(stage) {
            return;
        }
        let interval = stage.first_interval();
        let mark = self.mark(key, stage);
        let timer = self.reactor.start_timer(interval, Message::Deadline { key, mark });
        if let Some(connection) = self.table.get_mut(key) {
            let (idle, total) = (Duration::ZERO, Duration::ZERO);
            connection.closing = Some(Closing { stage, timer, interval, idle, total });
        }
    }

    /// What changes when a close makes progress.
    fn mark(&mut self, key: Key, stage: Stage) -> u64 {
        match self.table.get_mut(key).map(|connection| &connection.phase) {
            Some(Phase::Open(link)) if stage == Stage::Lingering => {
                link.discarded().wrapping_sub(link.stream().unacknowledged() as u64)
            }
            Some(Phase::Open(link)) => link.taken(),
            _ => 0,
        }
    }

    fn closing(&mut self, key: Key) -> Option<Stage> {
        self.table.get_mut(key)?.closing.as_ref().map(|closing| closing.stage)
    }
}

impl Stage {
    fn first_interval(self) -> Duration {
        match self {
            Self::Draining | Self::Flushing => FLUSH_LOOK,
            Self::Lingering => FIRST_LOOK,
        }
    }

    fn next_interval(self, interval: Duration) -> Duration {
        match self {
            Self::Draining | Self::Flushing => interval,
            Self::Lingering => (interval * 2).min(LONGEST_LOOK),
        }
    }
}
