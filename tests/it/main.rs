//! The engine on fakes and a paused clock. One module per promise: what belongs where is said on its first line.

mod backpressure;
mod crash;
mod full_sync;
mod golden;
mod shutdown;
mod world;
