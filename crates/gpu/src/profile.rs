//! Named caps, so that small devices can be tried on large ones.

use std::str::FromStr;

use crate::{Error, Features};

/// A smaller device to pretend to be. A profile only takes away; it never gives what the adapter lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// The limits every WebGPU device has, no optional feature.
    WebGpuDefaults,
    /// 1 GiB for each buffer and binding, no subgroups, 1.8 GB in all; f16 stays.
    IPhone16e,
    /// All but half precision.
    NoF16,
    /// All but subgroups.
    NoSubgroups,
}

const IPHONE_BUFFER_BYTES: u64 = 1 << 30;
const IPHONE_BUDGET_BYTES: u64 = 1_800_000_000;

impl Profile {
    /// Every profile.
    pub const ALL: [Profile; 4] =
        [Profile::WebGpuDefaults, Profile::IPhone16e, Profile::NoF16, Profile::NoSubgroups];

    /// The name that [`Profile::from_str`] reads.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Profile::WebGpuDefaults => "webgpu-defaults",
            Profile::IPhone16e => "iphone-16e",
            Profile::NoF16 => "no-f16",
            Profile::NoSubgroups => "no-subgroups",
        }
    }

    /// Bytes that all buffers together may have, where the profile says so.
    #[must_use]
    pub fn budget(self) -> Option<u64> {
        match self {
            Profile::IPhone16e => Some(IPHONE_BUDGET_BYTES),
            Profile::WebGpuDefaults | Profile::NoF16 | Profile::NoSubgroups => None,
        }
    }

    pub(crate) fn cap_limits(self, offered: wgpu::Limits) -> wgpu::Limits {
        match self {
            Profile::WebGpuDefaults => offered.or_worse_values_from(&wgpu::Limits::defaults()),
            Profile::IPhone16e => wgpu::Limits {
                max_buffer_size: offered.max_buffer_size.min(IPHONE_BUFFER_BYTES),
                max_storage_buffer_binding_size: offered
                    .max_storage_buffer_binding_size
                    .min(IPHONE_BUFFER_BYTES),
                ..offered
            },
            Profile::NoF16 | Profile::NoSubgroups => offered,
        }
    }

    pub(crate) fn cap_features(self, offered: Features) -> Features {
        match self {
            Profile::WebGpuDefaults => Features::default(),
            Profile::IPhone16e => Features { subgroups: None, cooperative_matrix: false, ..offered },
            Profile::NoF16 => Features { f16: false, cooperative_matrix: false, ..offered },
            Profile::NoSubgroups => Features { subgroups: None, cooperative_matrix: false, ..offered },
        }
    }
}

impl FromStr for Profile {
    type Err = Error;

    fn from_str(name: &str) -> Result<Profile, Error> {
        Profile::ALL.into_iter().find(|profile| profile.name() == name).ok_or_else(|| Error::UnknownProfile {
            wanted: name.to_owned(),
            available: Profile::ALL.map(Profile::name).join(", "),
        })
    }
}
