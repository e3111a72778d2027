//! The local server: the web app, and the models of the Ollama stores for it to download.

mod app;
mod blocks;
mod body;
mod connection;
mod content;
mod headers;
mod models;
mod origin;
mod site;

pub(crate) use app::App;
pub(crate) use connection::{Limits, accept};
pub(crate) use origin::parse as parse_origin;
pub(crate) use site::{Hosts, NO_APP, Site};
