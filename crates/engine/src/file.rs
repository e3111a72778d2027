//! A model file whose header has been read.

use crate::Error;
use crate::load::{CHUNK_MIN, LoadOptions};
use gguf::{Header, Metadata, ReadAt};
use prompt::{TemplateSize, Tokenizer, Vocabulary};
use serde::Serialize;
use std::rc::Rc;

const TOKENS: &str = "tokenizer.ggml.tokens";
const MERGES: &str = "tokenizer.ggml.merges";
const TYPES: &str = "tokenizer.ggml.token_type";
/// Arrays with an entry for each token or merge, which nobody reads once the tokenizer is built.
const VOCABULARY_ARRAYS: [&str; 4] = [TOKENS, MERGES, TYPES, "tokenizer.ggml.scores"];

/// A file whose header has been read: enough to inspect, plan, tokenize and render. A file that holds a vocabulary only
/// will do; that it has no configuration is an error when the configuration is asked for.
pub struct ModelFile {
    source: Rc<dyn ReadAt>,
    header: Header,
    dropped: Vec<VocabularyArray>,
    tokenizer: Rc<Tokenizer>,
    /// Read while the tokens are still there.
    placeholders: Vec<u32>,
}

/// A metadata array that became the tokenizer and is no longer in the header: 15 MiB of Gemma 4's 15.1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VocabularyArray {
    /// Its metadata key.
    pub key: &'static str,
    /// Its type as [`gguf::Value::type_name`] says it, with the length.
    pub kind: String,
}

impl ModelFile {
    /// Reads the header and builds the tokenizer.
    ///
    /// # Errors
    /// [`Error::Gguf`] and [`Error::Read`] if there is no header to read, [`Error::NoVocabulary`] and [`Error::Prompt`]
    /// if there is no usable vocabulary in it.
    pub async fn open(source: Rc<dyn ReadAt>) -> Result<ModelFile, Error> {
        let mut header = gguf::read_header(&*source).await?;
        let tokenizer = match tokenizer(&header.metadata) {
            Ok(tokenizer) => Rc::new(tokenizer),
            Err(error) => {
                // Another kind of file lacks more than a vocabulary of this kind.
                gemma4::check_kind(&header.metadata)?;
                return Err(error);
            }
        };
        let placeholders = gemma4::placeholders(&header.metadata)?;
        let dropped = VOCABULARY_ARRAYS
            .into_iter()
            .filter_map(|key| {
                let value = header.metadata.remove(key)?;
                Some(VocabularyArray { key, kind: value.type_name().into_owned() })
            })
            .collect();
        Ok(ModelFile { source, header, dropped, tokenizer, placeholders })
    }

    /// Metadata without the arrays of the vocabulary, and the tensor table.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The metadata arrays that [`ModelFile::header`] no longer has.
    pub fn vocabulary_arrays(&self) -> &[VocabularyArray] {
        &self.dropped
    }

    /// The configuration, checked.
    ///
    /// # Errors
    /// [`Error::Model`] if the file is not a Gemma 4 model or has no such metadata.
    pub fn config(&self) -> Result<gemma4::Config, Error> {
        let config = gemma4::Config::from_header(&self.header)?;
        let tokens = self.tokenizer.len();
        // More rows than tokens are seen where converters round a vocabulary up.
        if (config.vocabulary as usize) < tokens {
            let found = vec![u64::from(config.vocabulary), u64::from(config.hidden)];
            let needed = format!("a row for each of the file's {tokens} tokens");
            return Err(gemma4::Error::Embeddings { found, needed }.into());
        }
        Ok(gemma4::Config { placeholders: self.placeholders.clone(), ..config })
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Rc<Tokenizer> {
        &self.tokenizer
    }

    /// Which of the two chat templates the model was trained with: large models are those without per-layer
    /// embeddings. A vocabulary alone does not tell, and counts as small.
    pub fn template(&self) -> TemplateSize {
        let number = |key| self.header.metadata.u32(key).ok().flatten();
        let per_layer = number("gemma4.embedding_length_per_layer_input").is_some_and(|width| width > 0);
        match number("gemma4.embedding_length") {
            Some(_) if !per_layer => TemplateSize::Large,
            _ => TemplateSize::Small,
        }
    }

    /// Every buffer that loading with these options would ask for. Needs no GPU.
    ///
    /// # Errors
    /// [`Error::Model`] if the file is no complete Gemma 4 model, or the plan does not fit the limits or the budget.
    pub fn plan(&self, options: &LoadOptions, limits: &gpu::Limits) -> Result<gemma4::Plan, Error> {
        self.plan_within(options, options.budget, limits)
    }

    /// As [`ModelFile::plan`], with this budget. Where nobody asked for a chunk, the largest that fits is taken: a phone's
    /// budget may hold a model with shorter ones.
    pub(crate) fn plan_within(
        &self,
        options: &LoadOptions,
        budget: Option<u64>,
        limits: &gpu::Limits,
    ) -> Result<gemma4::Plan, Error> {
        let config = self.config()?;
        let checkpoint = gemma4::Checkpoint::new(&self.header, &config)?;
        let (asked, mut options) = (options.chunk, options.for_model(&config, budget));
        loop {
            match gemma4::plan::plan(&config, &checkpoint, &options, limits) {
                Err(gemma4::Error::OverBudget { .. } | gemma4::Error::BindingTooSmall { .. })
                    if asked.is_none() && options.chunk > CHUNK_MIN =>
                {
                    options.chunk = (options.chunk / 2).max(CHUNK_MIN);
                }
                planned => return Ok(planned?),
            }
        }
    }

    /// Where the bytes come from.
    pub fn source(&self) -> &Rc<dyn ReadAt> {
        &self.source
    }
}

fn tokenizer(metadata: &Metadata) -> Result<Tokenizer, Error> {
    let texts = |key| metadata.strings(key)?.ok_or(Error::NoVocabulary { key });
    let types = metadata.i32s(TYPES)?.unwrap_or_default();
    let mut eos: Vec<u32> = match metadata.i32s("tokenizer.ggml.eos_token_ids")? {
        Some(ids) => ids.iter().filter_map(|&id| u32::try_from(id).ok()).collect(),
        None => Vec::new(),
    };
    eos.extend(metadata.u32("tokenizer.ggml.eos_token_id")?);
    Ok(Tokenizer::new(Vocabulary {
        tokens: texts(TOKENS)?.iter(),
        merges: texts(MERGES)?.iter(),
        types: &types,
        bos: metadata.u32("tokenizer.ggml.bos_token_id")?,
        eos: &eos,
        unknown: metadata.u32("tokenizer.ggml.unknown_token_id")?,
        add_bos: metadata.bool("tokenizer.ggml.add_bos_token")?.unwrap_or(false),
    })?)
}
