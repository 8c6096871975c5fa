//! Chance that can be repeated: the same seed, the same org on every machine.

/// Numbers by the splitmix64 generator.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Of `0..end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end as u64).unwrap()
    }

    /// True so many times out of a hundred.
    pub(super) fn percent(&mut self, times: usize) -> bool {
        self.below(100) < times
    }

    pub(super) fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    /// Some of these, each once, `most` at most and maybe none.
    pub(super) fn some<T: Clone>(&mut self, all: &[T], most: usize) -> Vec<T> {
        let (mut left, mut picked) = (all.to_vec(), Vec::new());
        for _ in 0..self.below(most + 1).min(all.len()) {
            picked.push(left.swap_remove(self.below(left.len())));
        }
        picked
    }
}
