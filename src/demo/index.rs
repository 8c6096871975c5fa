//! The seam between the page and the index, so that the page can be tried over anything that answers.

use adapters::embedded::{Reader, SearchAnswer, SearchRequest, Users};
use domain::Fault;

/// An index that can be searched by several threads at once. Calls may block.
pub trait SearchIndex: Send + Sync + 'static {
    /// The best documents for what was typed; the page leaves [`SearchRequest::index`] empty.
    ///
    /// # Errors
    /// When the index cannot be read. A text that matches nothing is an empty answer.
    fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, Fault>;

    /// One document as the JSON text that is in the index, or `None` when there is none of this id, or none that `user` may see.
    ///
    /// # Errors
    /// When the index cannot be read.
    fn document(&self, id: &str, user: Option<&str>) -> Result<Option<Vec<u8>>, Fault>;

    /// Those who have access documents: with a word that begins with what was typed, by name, `most` at most.
    ///
    /// # Errors
    /// When the index cannot be read.
    fn users(&self, typed: &str, most: usize) -> Result<Users, Fault>;
}

/// One index of the embedded store: what the page searches in a demo.
#[derive(Clone, Debug)]
pub struct OneIndex {
    /// Reads the store, beside whoever writes it.
    pub reader: Reader,
    /// Name of the index.
    pub index: String,
}

impl SearchIndex for OneIndex {
    fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, Fault> {
        self.reader.search(&SearchRequest { index: Some(self.index.clone()), ..request.clone() })
    }

    fn document(&self, id: &str, user: Option<&str>) -> Result<Option<Vec<u8>>, Fault> {
        match user {
            Some(user) => self.reader.document_as(&self.index, id, user),
            None => self.reader.document(&self.index, id),
        }
    }

    fn users(&self, typed: &str, most: usize) -> Result<Users, Fault> {
        self.reader.users(&self.index, typed, most)
    }
}
