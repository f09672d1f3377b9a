//! Bytes that were taken from a caller but not yet by the kernel.

/// A first-in, first-out byte buffer that owns no memory while it is empty.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
}

/// Most bytes that small writes may gather before they are sent.
pub(super) const CAPACITY: usize = 64 * 1024;

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether `more` bytes fit without passing [`CAPACITY`].
    pub(super) fn has_room(&self, more: usize) -> bool {
        self.bytes.len() - self.sent + more <= CAPACITY
    }

    /// Copies `bytes` to the end.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// What is still to be sent.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.sent..).unwrap_or_default()
    }

    /// Forgets the first `count` bytes of [`Self::rest`]; gives the memory back with the last one.
    pub(super) fn advance(&mut self, count: usize) {
        self.sent += count;
        if self.sent >= self.bytes.len() {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_leave_in_the_order_in_which_they_came() {
        let mut outbox = Outbox::default();
        outbox.push(b"abc");
        outbox.advance(1);
        outbox.push(b"de");
        assert_eq!(outbox.rest(), b"bcde");
        outbox.advance(4);
        assert!(outbox.is_empty());
    }

    #[test]
    fn an_empty_outbox_owns_no_memory() {
        let mut outbox = Outbox::default();
        outbox.push(&[0; 1000]);
        outbox.advance(1000);
        assert_eq!(outbox.bytes.capacity(), 0);
    }

    #[test]
    fn room_counts_what_is_not_yet_sent() {
        let mut outbox = Outbox::default();
        outbox.push(&[0; CAPACITY]);
        assert!(!outbox.has_room(1));
        outbox.advance(10);
        assert!(outbox.has_room(10) && !outbox.has_room(11));
    }
}
