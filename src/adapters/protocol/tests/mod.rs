//! The desk against a strict cluster.
