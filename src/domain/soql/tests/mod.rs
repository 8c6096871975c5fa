//! Tests of the parser and printer: the grammar by examples, round trips by generated trees.

mod grammar;
mod round_trip;
