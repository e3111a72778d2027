//! The file's tensors against the configuration: every tensor the forward pass needs is looked up, its shape and type
//! checked, and put in its role, before anything is uploaded.

use crate::config::{Config, Kv, Layer};
use crate::error::Error;
use gguf::{Header, Tensor, Type};

/// A tensor, or some of its rows, as rows of a larger matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The tensor's name.
    pub name: String,
    /// Its type.
    pub kind: Type,
    /// Where its rows begin in the file.
    pub offset: u64,
    /// Rows taken.
    pub rows: u64,
}

/// A matrix of the forward pass: rows of one or several tensors, one below the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// Label of its buffers.
    pub name: String,
    /// Inputs.
    pub columns: u64,
    /// Where the rows come from, in order.
    pub sources: Vec<Source>,
    /// Rows that must stay in one buffer (an expert's).
    pub granule: u64,
}

/// Part of a vector: numbers of a tensor times a factor, or the factor repeated.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The tensor, none for a constant.
    pub tensor: Option<(Type, u64)>,
    /// Numbers.
    pub len: u64,
    /// Factor, or the constant.
    pub factor: f32,
}

/// A vector of f32: norm weights, scales.
pub(crate) type Vector = Vec<Piece>;

/// Index of a matrix in [`Checkpoint::matrices`].
pub(crate) type MatrixId = usize;
/// Index of a vector in [`Checkpoint::vectors`].
pub(crate) type VectorId = usize;

/// One layer's weights.
#[derive(Clone, Debug)]
pub struct LayerWeights {
    /// Queries, and keys and values where the layer has its own; (heads * d [+ kv * d [+ kv * d]], hidden).
    pub qkv: MatrixId,
    /// Output projection (hidden, heads * d).
    pub output: MatrixId,
    /// Gate rows, then up rows (2 * feed_forward, hidden).
    pub gate_up: MatrixId,
    /// (hidden, feed_forward).
    pub down: MatrixId,
    /// Norm before attention.
    pub attn_norm: VectorId,
    /// Query norm, then key norm (2 * head_dim).
    pub head_norms: VectorId,
    /// Norm after attention.
    pub post_attention_norm: VectorId,
    /// Norm before the feed-forward.
    pub ffn_norm: VectorId,
    /// Norm after the feed-forward.
    pub post_ffw_norm: VectorId,
    /// Factor on the residual at the layer's end.
    pub output_scale: VectorId,
    /// Per-layer input, where the model has it.
    pub per_layer: Option<PerLayerWeights>,
    /// Experts, where the model has them.
    pub experts: Option<ExpertWeights>,
}

/// A layer's side of the per-layer embeddings.
#[derive(Clone, Debug)]
pub struct PerLayerWeights {
    /// (width, hidden).
    pub gate: MatrixId,
    /// (hidden, width).
    pub proj: MatrixId,
    /// Norm after the projection.
    pub post_norm: VectorId,
}

/// A layer's experts.
#[derive(Clone, Debug)]
pub struct ExpertWeights {
    /// (experts, hidden).
    pub router: MatrixId,
    /// Router input scale / sqrt(hidden).
    pub router_scale: VectorId,
    /// Factor of each expert.
    pub expert_scale: VectorId,
    /// Gate and up rows of every expert in one matrix, or gate and up apart (early files); (experts * rows, hidden).
    pub gate_up: Vec<MatrixId>,
    /// (experts * hidden, width).
    pub down: MatrixId,
    /// Norm of the experts' input.
    pub pre_norm: VectorId,
    /// Norm of the dense feed-forward's result.
    pub post_norm_dense: VectorId,
    /// Norm of the experts' result.
    pub post_norm_experts: VectorId,
}

/// The per-layer embeddings' shared weights.
#[derive(Clone, Debug)]
pub struct PerLayerTable {
    /// The table (vocabulary, layers * width), resident or streamed.
    pub table: MatrixId,
    /// (layers * width, hidden).
    pub projection: MatrixId,
    /// Norm of the projected context (width).
    pub norm: VectorId,
}

/// Everything a model needs from its file.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// All matrices.
    pub matrices: Vec<Matrix>,
    /// All vectors; they share one buffer.
    pub vectors: Vec<Vector>,
    /// Token embeddings and output head (vocabulary, hidden).
    pub embeddings: MatrixId,
    /// Output head of its own, in files that are not tied.
    pub output: Option<MatrixId>,
    /// The number one, for residual updates without a scale.
    pub one: VectorId,
    /// Final norm.
    pub output_norm: VectorId,
    /// Divisors of the rotary angle on full-attention layers, where the file has them: type, offset, count.
    pub rope_factors: Option<(Type, u64, u64)>,
    /// Per-layer embeddings.
    pub per_layer: Option<PerLayerTable>,
    /// One entry per layer.
    pub layers: Vec<LayerWeights>,
}

struct Collector<'a> {
    header: &'a Header,
    matrices: Vec<Matrix>,
    vectors: Vec<Vector>,
}

impl Checkpoint {
    /// Looks up and checks every tensor.
    pub fn new(header: &Header, config: &Config) -> Result<Checkpoint, Error> {
        let mut all = Collector { header, matrices: Vec::new(), vectors: Vec::new() };
        let hidden = u64::from(config.hidden);
        let vocabulary = u64::from(config.vocabulary);
        let embeddings = all.matrix("token_embd.weight", vocabulary, hidden)?;
        let output = match header.tensor("output.weight") {
            Some(_) => Some(all.matrix("output.weight", vocabulary, hidden)?),
            None => None,
        };
        let output_norm = all.vector("output_norm.weight", hidden)?;
        let one = all.push_vector(vec![Piece { tensor: None, len: 1, factor: 1.0 }]);
        let per_layer = match config.per_layer {
            Some(width) => Some(all.per_layer_table(config, u64::from(width))?),
            None => None,
        };
        let rope_factors = all.rope_factors(config)?;
        let layers = (0..config.layers.len()).map(|l| all.layer(config, l)).collect::<Result<_, _>>()?;
        let Collector { matrices, vectors, .. } = all;
        Ok(Checkpoint {
            matrices,
            vectors,
            embeddings,
            output,
            one,
            output_norm,
            rope_factors,
            per_layer,
            layers,
        })
    }
}

impl<'a> Collector<'a> {
    /// A tensor of a supported type and exactly this shape.
    fn tensor(&self, name: &str, shape: &[u64]) -> Result<&'a Tensor, Error> {
        let tensor = self
            .header
            .tensor(name)
            .ok_or_else(|| Error::MissingTensor { name: name.to_owned(), expected: shape.to_vec() })?;
        if tensor.shape != shape {
            let (expected, found) = (shape.to_vec(), tensor.shape.clone());
            return Err(Error::Shape { name: name.to_owned(), expected, found });
        }
        if let Type::Other(_) = tensor.kind {
            return Err(Error::UnsupportedType { name: name.to_owned(), kind: tensor.kind });
        }
        Ok(tensor)
    }

    fn push(&mut self, matrix: Matrix) -> MatrixId {
        self.matrices.push(matrix);
        self.matrices.len() - 1
    }

    fn matrix(&mut self, name: &str, rows: u64, columns: u64) -> Result<MatrixId, Error> {
        let source = whole(self.tensor(name, &[rows, columns])?);
        let name = name.trim_end_matches(".weight").to_owned();
        Ok(self.push(Matrix { name, columns, sources: vec![source], granule: 1 }))
    }

    /// Tensors of the same width, one below the other.
    fn stacked(&mut self, name: String, tensors: &[(String, u64)], columns: u64) -> Result<MatrixId, Error> {
        let sources = tensors
            .iter()
            .map(|(tensor, rows)| Ok(whole(self.tensor(tensor, &[*rows, columns])?)))
            .collect::<Result<_, Error>>()?;
        Ok(self.push(Matrix { name, columns, sources, granule: 1 }))
    }

    /// A tensor (experts, rows, columns) as a matrix whose parts hold whole experts.
    fn expert_matrix(
        &mut self,
        name: &str,
        experts: u64,
        rows: u64,
        columns: u64,
    ) -> Result<MatrixId, Error> {
        let tensor = self.tensor(name, &[experts, rows, columns])?;
        let source = Source { rows: experts * rows, ..whole(tensor) };
        let name = name.trim_end_matches(".weight").to_owned();
        Ok(self.push(Matrix { name, columns, sources: vec![source], granule: rows }))
    }

    fn push_vector(&mut self, vector: Vector) -> VectorId {
        self.vectors.push(vector);
        self.vectors.len() - 1
    }

    fn piece(&self, name: &str, len: u64, factor: f32) -> Result<Piece, Error> {
        let tensor = self.tensor(name, &[len])?;
        Ok(Piece { tensor: Some((tensor.kind, tensor.offset)), len, factor })
    }

    fn vector(&mut self, name: &str, len: u64) -> Result<VectorId, Error> {
        let piece = self.piece(name, len, 1.0)?;
        Ok(self.push_vector(vec![piece]))
    }

    fn per_layer_table(&mut self, config: &Config, width: u64) -> Result<PerLayerTable, Error> {
        let all = width * config.layers.len() as u64;
        Ok(PerLayerTable {
            table: self.matrix("per_layer_token_embd.weight", u64::from(config.vocabulary), all)?,
            projection: self.matrix("per_layer_model_proj.weight", all, u64::from(config.hidden))?,
            norm: self.vector("per_layer_proj_norm.weight", width)?,
        })
    }

    fn rope_factors(&self, config: &Config) -> Result<Option<(Type, u64, u64)>, Error> {
        let full = config.layers.iter().find(|layer| layer.attention == crate::config::Attention::Full);
        match (self.header.tensor("rope_freqs.weight"), full) {
            (Some(_), Some(layer)) => {
                let pairs = u64::from(layer.head_dim / 2);
                let tensor = self.tensor("rope_freqs.weight", &[pairs])?;
                Ok(Some((tensor.kind, tensor.offset, pairs)))
            }
            _ => Ok(None),
        }
    }

    fn layer(&mut self, config: &Config, l: usize) -> Result<LayerWeights, Error> {
        let layer = &config.layers[l];
        let hidden = u64::from(config.hidden);
        let feed_forward = u64::from(layer.feed_forward);
        let queries = u64::from(config.heads * layer.head_dim);
        let name = |part: &str| format!("blk.{l}.{part}.weight");
        let gate_up = [(name("ffn_gate"), feed_forward), (name("ffn_up"), feed_forward)];
        let scale_name = name("layer_output_scale");
        let output_scale = match self.header.tensor(&scale_name) {
            Some(_) => self.vector(&scale_name, 1)?,
            None => self.push_vector(vec![Piece { tensor: None, len: 1, factor: 1.0 }]),
        };
        Ok(LayerWeights {
            qkv: self.qkv(config, l)?,
            output: self.matrix(&name("attn_output"), hidden, queries)?,
            gate_up: self.stacked(format!("blk.{l}.ffn_gate_up"), &gate_up, hidden)?,
            down: self.matrix(&name("ffn_down"), hidden, feed_forward)?,
            attn_norm: self.vector(&name("attn_norm"), hidden)?,
            head_norms: self.head_norms(layer, l)?,
            post_attention_norm: self.vector(&name("post_attention_norm"), hidden)?,
            ffn_norm: self.vector(&name("ffn_norm"), hidden)?,
            post_ffw_norm: self.vector(&name("post_ffw_norm"), hidden)?,
            output_scale,
            per_layer: match config.per_layer {
                Some(width) => Some(PerLayerWeights {
                    gate: self.matrix(&name("inp_gate"), u64::from(width), hidden)?,
                    proj: self.matrix(&name("proj"), hidden, u64::from(width))?,
                    post_norm: self.vector(&name("post_norm"), hidden)?,
                }),
                None => None,
            },
            experts: match config.experts {
                Some(_) => Some(self.experts(config, l)?),
                None => None,
            },
        })
    }

    /// Layers that share a cache use their query rows only: the key and value tensors their files still hold are
    /// left out.
    fn qkv(&mut self, config: &Config, l: usize) -> Result<MatrixId, Error> {
        let layer = &config.layers[l];
        let hidden = u64::from(config.hidden);
        let queries = u64::from(config.heads * layer.head_dim);
        let keys = u64::from(layer.kv_heads * layer.head_dim);
        let name = |part: &str| format!("blk.{l}.{part}.weight");
        let label = format!("blk.{l}.attn_qkv");
        if self.header.tensor(&name("attn_qkv")).is_some() {
            let all = queries + 2 * keys;
            let used = if let Kv::SharedWith(_) = layer.kv { queries } else { all };
            let source = Source { rows: used, ..whole(self.tensor(&name("attn_qkv"), &[all, hidden])?) };
            return Ok(self.push(Matrix { name: label, columns: hidden, sources: vec![source], granule: 1 }));
        }
        let mut tensors = vec![(name("attn_q"), queries)];
        match layer.kv {
            Kv::Own => tensors.extend([(name("attn_k"), keys), (name("attn_v"), keys)]),
            Kv::KeysAsValues => tensors.push((name("attn_k"), keys)),
            Kv::SharedWith(_) => {}
        }
        self.stacked(label, &tensors, hidden)
    }

    fn head_norms(&mut self, layer: &Layer, l: usize) -> Result<VectorId, Error> {
        let head_dim = u64::from(layer.head_dim);
        let mut pieces = vec![self.piece(&format!("blk.{l}.attn_q_norm.weight"), head_dim, 1.0)?];
        pieces.push(match layer.kv {
            Kv::SharedWith(_) => Piece { tensor: None, len: head_dim, factor: 0.0 },
            _ => self.piece(&format!("blk.{l}.attn_k_norm.weight"), head_dim, 1.0)?,
        });
        Ok(self.push_vector(pieces))
    }

    fn experts(&mut self, config: &Config, l: usize) -> Result<ExpertWeights, Error> {
        let experts = config.experts.expect("called for models with experts");
        let (hidden, count) = (u64::from(config.hidden), u64::from(experts.count));
        let width = u64::from(experts.width);
        let name = |part: &str| format!("blk.{l}.{part}");
        // Early files hold gate and up apart.
        let gate_up = if self.header.tensor(&name("ffn_gate_up_exps.weight")).is_some() {
            vec![self.expert_matrix(&name("ffn_gate_up_exps.weight"), count, 2 * width, hidden)?]
        } else if self.header.tensor(&name("ffn_gate_exps.weight")).is_some() {
            vec![
                self.expert_matrix(&name("ffn_gate_exps.weight"), count, width, hidden)?,
                self.expert_matrix(&name("ffn_up_exps.weight"), count, width, hidden)?,
            ]
        } else {
            let expected = vec![count, 2 * width, hidden];
            return Err(Error::MissingTensor { name: name("ffn_gate_up_exps.weight"), expected });
        };
        let scale_names = [name("ffn_down_exps.scale"), name("ffn_gate_inp.per_expert_scale")];
        let expert_scale = match scale_names.iter().find(|name| self.header.tensor(name).is_some()) {
            Some(name) => self.vector(name, count)?,
            None => return Err(Error::MissingTensor { name: scale_names[0].clone(), expected: vec![count] }),
        };
        let router_scale = self.piece(&name("ffn_gate_inp.scale"), hidden, (hidden as f32).sqrt().recip())?;
        Ok(ExpertWeights {
            router: self.matrix(&name("ffn_gate_inp.weight"), count, hidden)?,
            router_scale: self.push_vector(vec![router_scale]),
            expert_scale,
            gate_up,
            down: self.expert_matrix(&name("ffn_down_exps.weight"), count, hidden, width)?,
            pre_norm: self.vector(&name("pre_ffw_norm_2.weight"), hidden)?,
            post_norm_dense: self.vector(&name("post_ffw_norm_1.weight"), hidden)?,
            post_norm_experts: self.vector(&name("post_ffw_norm_2.weight"), hidden)?,
        })
    }
}

fn whole(tensor: &Tensor) -> Source {
    let rows = tensor.shape[..tensor.shape.len() - 1].iter().product();
    Source { name: tensor.name.clone(), kind: tensor.kind, offset: tensor.offset, rows }
}
