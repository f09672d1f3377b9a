//! The bytes of the fuzzer, as a list of things to do.

/// Reads a program from bytes; past their end there are zeros.
pub(crate) struct Script<'a> {
    rest: &'a [u8],
}

impl<'a> Script<'a> {
    pub(crate) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *first
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// 0 to 65,025 in one byte: small ones are dense.
    pub(crate) fn size(&mut self) -> usize {
        usize::from(self.byte()).pow(2)
    }

    /// Some position below `end`, or 0.
    pub(crate) fn position(&mut self, end: usize) -> usize {
        let wide = usize::from(self.byte()) << 8 | usize::from(self.byte());
        wide % end.max(1)
    }

    /// Bytes of the script itself.
    pub(crate) fn bytes(&mut self, most: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(most.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// What is left, in fields that end with a zero byte.
    pub(crate) fn field(&mut self) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| *byte == 0).unwrap_or(self.rest.len());
        let field = self.bytes(end);
        self.byte();
        field
    }
}

/// Bytes that differ from their neighbours, and from those of another beginning.
pub(crate) fn pattern(begin: usize, length: usize) -> Vec<u8> {
    (begin..begin + length).map(|i| (i % 251) as u8).collect()
}
