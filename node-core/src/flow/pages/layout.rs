/// How a state is cut into pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Most bytes of leaves in a page, before compression.
    pub page_bytes: u64,
    /// How many times more bytes are below a page one level higher.
    pub fan_out: u64,
    /// Slots that are stored with their account.
    pub slots_here: usize,
    /// Topmost pages that a manifest names; above this another level goes between.
    pub top_pages: usize,
}

impl Default for Layout {
    /// Small pages: a transaction touches a leaf here and a leaf there, so what is read for a first
    /// block, and written for each changed account, grows with the page. A radix-16 trie makes pages of
    /// a sixteenth of the limit up to the limit, so sizes of states come in steps of 16: 15 leaves in a
    /// page at 1 M accounts and 10 at 10 M.
    ///
    /// Measured at 1 M accounts (`make bench`, section `pages`; up to 16 KiB in brackets): 37 (29) bytes
    /// for an account, 795 (2,687) written for each of 10 k changed accounts, 0.26 (1.4) MB read for 200
    /// accounts. A level has 16 pages below each of its pages: with 256 the 200 accounts need 1.6 MB, and an
    /// opening spends most of its time on places of pages that nobody asks for. A level costs a round trip.
    fn default() -> Self {
        Self { page_bytes: 4 * 1024, fan_out: 16, slots_here: 32, top_pages: 4_096 }
    }
}
