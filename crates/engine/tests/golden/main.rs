//! The engine on the tiny reference models, on this machine's adapter.

mod ended;
mod files;
mod greedy;
mod guessed;
mod interrupted;
mod likely;
mod loading;
mod not_finite;
mod refused;
mod reuse;
mod run;
mod sampled;
mod saved;
mod tiers;
