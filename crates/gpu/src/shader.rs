//! Shader composition: a generated prelude, then files, in the order given.
//!
//! ```
//! let shader = gpu::Shader::new("scale")
//!     .f16()
//!     .alias("Value", "f16")
//!     .constant("FACTOR", 0.5f32)
//!     .file("@compute @workgroup_size(1) fn scale() {}\n");
//! assert!(shader.source().starts_with("enable f16;\nalias Value = f16;\nconst FACTOR: f32 = 0.5f;\n"));
//! ```

use std::borrow::Cow;
use std::hash::Hash;

/// The text of one entry point, which has the shader's name.
///
/// The text keeps every index within what is bound, divides by no zero and ends every loop, whatever the buffers hold. The
/// checks that compilers would add cost a fifth of a decoded token; natively and in Node they are left out. In a page the
/// browser keeps its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shader {
    name: &'static str,
    needs: Needs,
    declarations: String,
    files: Vec<Cow<'static, str>>,
}

/// The optional abilities that a shader uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Needs {
    pub(crate) f16: bool,
    /// The least size of a subgroup; 0 where none are used.
    pub(crate) subgroups: u32,
    pub(crate) dot4: bool,
    pub(crate) cooperative: bool,
    /// Invocations of a workgroup, where they are more than every device has.
    pub(crate) invocations: u32,
    /// Bytes of workgroup memory, likewise.
    pub(crate) workgroup_bytes: u32,
}

/// The two compilers that WGSL goes through. They agree on the language but not on every directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compiler {
    /// wgpu's own, used natively.
    Naga,
    /// Chrome's; the other browsers' compilers accept the same text.
    Tint,
}

impl Compiler {
    /// The compiler of this platform.
    pub const HERE: Compiler = if cfg!(target_arch = "wasm32") { Compiler::Tint } else { Compiler::Naga };
}

/// A value that becomes a WGSL constant of the same type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant {
    /// `u32`.
    U32(u32),
    /// `i32`.
    I32(i32),
    /// `f32`; finite, since WGSL has no literal for the rest.
    F32(f32),
    /// `bool`.
    Bool(bool),
}

impl From<u32> for Constant {
    fn from(value: u32) -> Constant {
        Constant::U32(value)
    }
}

impl From<i32> for Constant {
    fn from(value: i32) -> Constant {
        Constant::I32(value)
    }
}

impl From<f32> for Constant {
    fn from(value: f32) -> Constant {
        Constant::F32(value)
    }
}

impl From<bool> for Constant {
    fn from(value: bool) -> Constant {
        Constant::Bool(value)
    }
}

impl Shader {
    /// A shader whose entry point is called `name`.
    #[must_use]
    pub fn new(name: &'static str) -> Shader {
        Shader { name, needs: Needs::default(), declarations: String::new(), files: Vec::new() }
    }

    /// The shader uses half precision.
    #[must_use]
    pub fn f16(mut self) -> Shader {
        self.needs.f16 = true;
        self
    }

    /// The shader uses subgroup operations, and takes for granted that so many neighbouring invocations at least are together
    /// in a subgroup: a power of two from 4 to 128.
    #[must_use]
    pub fn subgroups(mut self, size_min: u32) -> Shader {
        assert!(size_min.is_power_of_two() && (4..=128).contains(&size_min), "subgroups of {size_min}");
        self.needs.subgroups = self.needs.subgroups.max(size_min);
        self
    }

    /// The shader uses cooperative matrices of 16 × 16 f16 with sums of f32, and with them half precision and subgroups of 32.
    #[must_use]
    pub fn cooperative(mut self) -> Shader {
        self.needs = Needs { f16: true, cooperative: true, ..self.needs };
        self.subgroups(32)
    }

    /// The shader's workgroups have so many invocations, which may be more than the 256 of every device.
    #[must_use]
    pub fn invocations(mut self, count: u32) -> Shader {
        self.needs.invocations = count;
        self
    }

    /// Most invocations that its workgroups may have: as many as it said, else those of every device.
    #[must_use]
    pub fn invocations_max(&self) -> u32 {
        self.needs.invocations.max(256)
    }

    /// The shader's workgroups take so many bytes of workgroup memory at most, which may be more than the 16384 of every device.
    #[must_use]
    pub fn workgroup_bytes(mut self, bytes: u32) -> Shader {
        self.needs.workgroup_bytes = bytes;
        self
    }

    /// Most bytes of workgroup memory that it may take: as many as it said, else those of every device.
    #[must_use]
    pub fn workgroup_bytes_max(&self) -> u32 {
        self.needs.workgroup_bytes.max(16384)
    }

    /// The shader uses packed 4×8-bit dot products.
    #[must_use]
    pub fn dot4(mut self) -> Shader {
        self.needs.dot4 = true;
        self
    }

    /// Declares `const name` with the type of `value`.
    #[must_use]
    pub fn constant(mut self, name: &str, value: impl Into<Constant>) -> Shader {
        let declaration = match value.into() {
            Constant::U32(value) => format!("const {name}: u32 = {value}u;\n"),
            // The smallest integer has no literal of its own: its absolute value does not fit.
            Constant::I32(i32::MIN) => format!("const {name}: i32 = -2147483647i - 1i;\n"),
            Constant::I32(value) => format!("const {name}: i32 = {value}i;\n"),
            Constant::F32(value) => {
                assert!(value.is_finite(), "constant {name} of shader `{}` is {value}", self.name);
                // Debug formatting gives the shortest text that reads back to the same number.
                format!("const {name}: f32 = {value:?}f;\n")
            }
            Constant::Bool(value) => format!("const {name}: bool = {value};\n"),
        };
        self.declarations.push_str(&declaration);
        self
    }

    /// Declares `alias name = of`, so that one file serves several types.
    #[must_use]
    pub fn alias(mut self, name: &str, of: &str) -> Shader {
        self.declarations.push_str(&format!("alias {name} = {of};\n"));
        self
    }

    /// Appends a file, usually from `include_str!`; one that is there already is not repeated, so that parts of a shader
    /// need not know what the others include.
    #[must_use]
    pub fn file(mut self, text: impl Into<Cow<'static, str>>) -> Shader {
        let text = text.into();
        if !self.files.contains(&text) {
            self.files.push(text);
        }
        self
    }

    /// The name, which is also the entry point's.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What the shader is put together from, whatever its declarations say.
    #[must_use]
    pub fn composition(&self) -> impl Eq + Hash + use<> {
        (self.name, self.needs, self.files.clone())
    }

    pub(crate) fn needs(&self) -> Needs {
        self.needs
    }

    /// The whole text for the compiler of this platform.
    #[must_use]
    pub fn source(&self) -> String {
        self.source_for(Compiler::HERE)
    }

    /// The whole text for `compiler`: directives, declarations in the order given, files in the order given.
    #[must_use]
    pub fn source_for(&self, compiler: Compiler) -> String {
        let mut text = String::new();
        if self.needs.f16 {
            text.push_str("enable f16;\n");
        }
        // Naga knows subgroup operations but not yet the directive that WGSL demands for them.
        if self.needs.subgroups > 0 && compiler == Compiler::Tint {
            text.push_str("enable subgroups;\n");
        }
        if self.needs.cooperative {
            text.push_str("enable wgpu_cooperative_matrix;\n");
        }
        if self.needs.dot4 {
            text.push_str("requires packed_4x8_integer_dot_product;\n");
        }
        text.push_str(&self.declarations);
        for file in &self.files {
            text.push_str(file);
            if !file.ends_with('\n') {
                text.push('\n');
            }
        }
        text
    }
}
