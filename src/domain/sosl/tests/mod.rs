//! Tests of searches: the grammar and the words of terms by examples, round trips by generated trees.

mod grammar;
mod round_trip;
mod terms;
