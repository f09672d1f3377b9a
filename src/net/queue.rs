//! Bytes that wait for somebody to take them.

/// A first-in, first-out byte buffer that owns no memory while it is empty.
#[derive(Debug, Default)]
pub(crate) struct ByteQueue {
    bytes: Vec<u8>,
    taken: usize,
}

impl ByteQueue {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// Copies `bytes` to the end.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// What is still to be taken.
    pub(crate) fn rest(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    /// Forgets the first `count` bytes of [`Self::rest`]; gives the memory back with the last one.
    pub(crate) fn advance(&mut self, count: usize) {
        self.taken += count;
        if self.taken >= self.bytes.len() {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_leave_in_the_order_in_which_they_came() {
        let mut queue = ByteQueue::default();
        queue.push(b"abc");
        queue.advance(1);
        queue.push(b"de");
        assert_eq!(queue.rest(), b"bcde");
        queue.advance(4);
        assert!(queue.is_empty());
    }

    #[test]
    fn an_empty_queue_owns_no_memory() {
        let mut queue = ByteQueue::default();
        queue.push(&[0; 1000]);
        queue.advance(1000);
        assert_eq!(queue.bytes.capacity(), 0);
    }

    #[test]
    fn the_length_is_that_of_the_rest() {
        let mut queue = ByteQueue::default();
        queue.push(&[0; 100]);
        queue.advance(10);
        assert_eq!((queue.len(), queue.rest().len()), (90, 90));
    }
}
