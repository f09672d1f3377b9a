//! A table whose keys tell a slot's present tenant from its former ones.

use std::collections::VecDeque;

use crate::reactor::Key;

/// Keys stay below 2³¹, which V8 stores without allocating.
const INDEX_BITS: u32 = 20;
const GENERATION_BITS: u32 = 11;
const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;
const GENERATION_MASK: u32 = (1 << GENERATION_BITS) - 1;

/// Values by key; at most 2²⁰ at a time.
#[derive(Debug)]
pub(crate) struct Table<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    /// Emptied, and not to be filled yet; each with its mark, in order.
    resting: VecDeque<(u64, u32)>,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), resting: VecDeque::new() }
    }
}

impl<T> Table<T> {
    /// Takes a slot for the value that `make` builds from its key; `None` if the table is full.
    pub(crate) fn insert_with(&mut self, make: impl FnOnce(Key) -> T) -> Option<Key> {
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                let index = u32::try_from(self.slots.len()).ok().filter(|index| *index <= INDEX_MASK)?;
                self.slots.push(Slot { generation: 0, value: None });
                index
            }
        };
        let slot = self.slots.get_mut(index as usize)?;
        let key = (slot.generation << INDEX_BITS) | index;
        slot.value = Some(make(key));
        Some(key)
    }

    /// The value of a key that is still current.
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let slot = self.slots.get_mut((key & INDEX_MASK) as usize)?;
        if slot.generation == key >> INDEX_BITS { slot.value.as_mut() } else { None }
    }

    /// Empties a slot; its key is void from here on. The slot is not filled again before [`Self::reuse`] says so of its
    /// mark, and marks never become less.
    pub(crate) fn remove(&mut self, key: Key, mark: u64) -> Option<T> {
        let index = key & INDEX_MASK;
        let slot = self.slots.get_mut(index as usize)?;
        if slot.generation != key >> INDEX_BITS {
            return None;
        }
        let value = slot.value.take()?;
        slot.generation = (slot.generation + 1) & GENERATION_MASK;
        self.resting.push_back((mark, index));
        Some(value)
    }

    /// Lets slots be filled again that were emptied with a mark below this one.
    pub(crate) fn reuse(&mut self, end: u64) {
        while let Some(&(mark, index)) = self.resting.front()
            && mark < end
        {
            self.resting.pop_front();
            self.free.push(index);
        }
    }

    /// Empties the table.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_finds_its_value_until_it_is_removed() {
        let mut table = Table::default();
        let key = table.insert_with(|_| "a").unwrap();
        assert_eq!(table.get_mut(key), Some(&mut "a"));
        assert_eq!(table.remove(key, 0), Some("a"));
        assert_eq!(table.get_mut(key), None);
        assert_eq!(table.remove(key, 0), None);
    }

    #[test]
    fn a_reused_slot_does_not_answer_to_its_former_key() {
        let mut table = Table::default();
        let former = table.insert_with(|_| 1).unwrap();
        table.remove(former, 7);
        table.reuse(7);
        let other = table.insert_with(|_| 3).unwrap();
        assert_ne!(former & INDEX_MASK, other & INDEX_MASK);
        table.reuse(8);
        let present = table.insert_with(|_| 2).unwrap();
        assert_eq!(former & INDEX_MASK, present & INDEX_MASK);
        assert_eq!(table.get_mut(former), None);
        assert_eq!(table.get_mut(present), Some(&mut 2));
    }

    #[test]
    fn keys_stay_small_integers_for_v8() {
        let mut table = Table::default();
        for _ in 0..5000 {
            let key = table.insert_with(|key| key).unwrap();
            assert!(key < 1 << 31);
            table.remove(key, 0);
            table.reuse(1);
        }
    }

    #[test]
    fn a_value_is_made_with_its_own_key() {
        let mut table = Table::default();
        let key = table.insert_with(|key| key).unwrap();
        assert_eq!(table.get_mut(key).copied(), Some(key));
    }
}
