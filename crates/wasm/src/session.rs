//! A sequence on the GPU, answers and saved states.

use std::cell::Cell;
use std::rc::Rc;

use engine::gemma4::Path;
use engine::{Cancel as Wish, Event};
use js_sys::{Float32Array, Function, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::device::Cancel;
use crate::error::{Error, described};
use crate::{events, json, options, text};

/// A session. One call works with it at a time; another one meanwhile throws `BUSY`.
#[wasm_bindgen]
pub struct Session {
    place: Rc<Place>,
}

/// Holds the session while nobody works with it, so no borrow is ever held across a wait.
struct Place(Cell<Option<engine::Session>>);

/// The session while a call works with it; put back when the call ends, however it ends.
struct Taken {
    place: Rc<Place>,
    session: Option<engine::Session>,
}

impl Place {
    fn take(self: &Rc<Place>) -> Result<Taken, Error> {
        let session = self.0.take().ok_or(Error::Busy)?;
        Ok(Taken { place: Rc::clone(self), session: Some(session) })
    }
}

impl Taken {
    fn session(&mut self) -> &mut engine::Session {
        self.session.as_mut().expect("it is put back only on drop")
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.place.0.set(self.session.take());
    }
}

#[wasm_bindgen]
impl Session {
    /// Tokens in the cache.
    ///
    /// Throws `BUSY`, as all that follow.
    #[wasm_bindgen(getter)]
    pub fn position(&self) -> Result<u32, JsValue> {
        Ok(self.place.take()?.session().position())
    }

    /// Tokens that the cache holds at most.
    #[wasm_bindgen(getter)]
    pub fn capacity(&self) -> Result<u32, JsValue> {
        Ok(self.place.take()?.session().capacity())
    }

    /// The tokens in the cache.
    #[wasm_bindgen(getter)]
    pub fn tokens(&self) -> Result<Vec<u32>, JsValue> {
        Ok(self.place.take()?.session().tokens().to_vec())
    }

    /// Dispatches of a decoded token.
    #[wasm_bindgen(getter)]
    pub fn dispatches_per_token(&self) -> Result<u32, JsValue> {
        Ok(self.place.take()?.session().dispatches_per_token() as u32)
    }

    /// Forgets all tokens from position `len` on. Where the cache no longer holds what came before, nothing changes and
    /// the answer is false.
    pub fn truncate(&self, len: u32) -> Result<bool, JsValue> {
        Ok(self.place.take()?.session().truncate(len))
    }

    /// Forgets all tokens.
    pub fn reset(&self) -> Result<(), JsValue> {
        self.place.take()?.session().reset();
        Ok(())
    }

    /// A promise of how the answer to `input` ended; `emit` is called with each event before, and
    /// where it returns a promise the engine waits for it. `input` is a
    /// `Uint32Array` of ids, or `{messages, tools, enable_thinking}`. What the cache holds of it already is reused.
    ///
    /// Rejects with `BAD_OPTION`, `CONTEXT_FULL` and the errors of the device; the session stays usable.
    pub fn generate(&self, input: JsValue, options: JsValue, cancel: &Cancel, emit: Function) -> Promise {
        let (place, cancel) = (Rc::clone(&self.place), cancel.inner());
        future_to_promise(async move {
            let mut taken = place.take()?;
            let finished = answer(taken.session(), &input, &options, &cancel, &emit).await?;
            Ok(finished)
        })
    }

    /// A promise of the logits (positions, vocabulary) of ids from an empty sequence, as a `Float32Array`. `path` is
    /// `prompt` or `decode`.
    ///
    /// Rejects as `generate` does.
    pub fn logits(&self, ids: Vec<u32>, path: String, cancel: &Cancel) -> Promise {
        let (place, cancel) = (Rc::clone(&self.place), cancel.inner());
        future_to_promise(async move {
            let path = match path.as_str() {
                "prompt" => Path::Prompt,
                "decode" => Path::Decode,
                _ => {
                    let problem = format!("`{path}` is neither `prompt` nor `decode`");
                    return Err(Error::Argument { what: "path", problem }.into());
                }
            };
            let mut taken = place.take()?;
            let logits = taken.session().logits(&ids, path, &cancel).await.map_err(Error::from)?;
            Ok(Float32Array::from(logits.as_slice()).into())
        })
    }

    /// A promise of what each stage of a decoded token costs, measured over `rounds` of it, one stage by itself after the other:
    /// an array of `{stage, dispatches, weight_bytes, seconds}`. The session is empty afterwards.
    ///
    /// Rejects with the errors of the device.
    pub fn time_stages(&self, rounds: u32) -> Promise {
        let place = Rc::clone(&self.place);
        future_to_promise(async move {
            let mut taken = place.take()?;
            let costs = taken.session().time_stages(Path::Decode, rounds).await.map_err(Error::from)?;
            Ok(json::to_js(&costs))
        })
    }

    /// A promise of the tokens and their cache as bytes, which `restore` takes.
    pub fn save(&self) -> Promise {
        let place = Rc::clone(&self.place);
        future_to_promise(async move {
            let mut taken = place.take()?;
            let bytes = taken.session().save().await.map_err(Error::from)?;
            Ok(Uint8Array::from(bytes.as_slice()).into())
        })
    }

    /// A promise that ends when the state is as it was saved. Rejects with `OTHER_MODEL`, and with `BAD_STATE` for
    /// bytes that are damaged or were saved with other load options.
    pub fn restore(&self, bytes: Vec<u8>) -> Promise {
        let place = Rc::clone(&self.place);
        future_to_promise(async move {
            place.take()?.session().restore(&bytes).await.map_err(Error::from)?;
            Ok(JsValue::UNDEFINED)
        })
    }
}

impl Session {
    pub(crate) fn new(session: engine::Session) -> Session {
        Session { place: Rc::new(Place(Cell::new(Some(session)))) }
    }
}

async fn answer(
    session: &mut engine::Session,
    input: &JsValue,
    options: &JsValue,
    cancel: &Wish,
    emit: &Function,
) -> Result<JsValue, Error> {
    let options = options::generate(options)?;
    let ids = match input.dyn_ref::<js_sys::Uint32Array>() {
        Some(ids) => ids.to_vec(),
        None => text::render(session.model().file(), input)?.ids,
    };
    let tokenizer = Rc::clone(session.model().file().tokenizer());
    let mut generation = session.generate(&ids, &options, cancel)?;
    while let Some(event) = generation.next().await? {
        if let Event::Finished(finished) = event {
            return Ok(events::finished(&finished));
        }
        let sent = emit.call1(&JsValue::UNDEFINED, &events::event(event, &tokenizer));
        let sent = sent.map_err(|thrown| Error::Callback(described(&thrown)))?;
        // A listener that has enough for now gives a promise; the next token waits until it is kept.
        if let Ok(room) = sent.dyn_into::<Promise>() {
            room.await.map_err(|thrown| Error::Callback(described(&thrown)))?;
        }
    }
    unreachable!("a generation ends with how it finished")
}
