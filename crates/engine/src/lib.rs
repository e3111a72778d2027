//! Models, sessions and generation: from a source of bytes to words.
//!
//! A [`ModelFile`] is a file whose header has been read, enough to inspect, plan, tokenize and render. [`Model`] has its
//! weights on a GPU, a [`Session`] is one sequence with its KV cache, and a [`Generation`] is one answer as a stream of
//! [`Event`]s. This crate knows no files and no terminal: bytes come through [`ReadAt`], text leaves through events.
//!
//! ```no_run
//! # async fn example(source: std::rc::Rc<dyn engine::ReadAt>) -> Result<(), engine::Error> {
//! use engine::prompt::{Conversation, Message, Role};
//! use engine::{Cancel, Device, Event, GenerateOptions, LoadOptions, Model, ModelFile};
//!
//! let device = Device::request(&engine::gpu::Options::default()).await?;
//! let cancel = Cancel::new();
//! let file = ModelFile::open(source).await?;
//! let model = Model::load(&device, file, &LoadOptions::default(), &cancel, &mut |_| {}).await?;
//! let mut session = model.session().await?;
//!
//! let conversation = Conversation::new(vec![Message::new(Role::User, "Why is the sky blue?")]);
//! let prompt = conversation.render(model.file().template())?.text_ids(model.file().tokenizer())?;
//! let mut answer = session.generate(&prompt, &GenerateOptions::default(), &cancel)?;
//! while let Some(event) = answer.next().await? {
//!     if let Event::Text(text) = event {
//!         print!("{text}");
//!     }
//! }
//! # Ok(()) }
//! ```

mod answer;
mod cancel;
mod digest;
mod error;
mod event;
mod file;
mod generate;
mod load;
mod lookup;
mod model;
mod sampling;
mod session;
mod state;
mod stop_strings;
pub mod tiers;

pub use cancel::Cancel;
pub use error::Error;
pub use event::{Event, FinishReason, Finished, Timings, Usage};
pub use file::{ModelFile, VocabularyArray};
pub use generate::{GenerateOptions, Generation, ParseAnswer};
pub use load::{LoadOptions, LoadProgress};
pub use model::Model;
pub use sampling::{Candidate, Logprob, Logprobs, Sampling, SplitMix64, distribution, scored};
pub use session::{Session, StageCost};

pub use gemma4::{KvType, PerLayerTable, PromptProducts, Scored, Stage, Sums, Tiers, TokenProducts};
pub use gguf::{Header, Memory, ReadAt, ReadError, ReadErrorKind, ReadFuture};
pub use gpu::{Device, Profile, Snapshot};
pub use {gemma4, gguf, gpu, kernels, prompt};
