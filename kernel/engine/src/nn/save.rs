//! Nets in files: one safetensors file with the layers as JSON in its metadata. Read [`Net::save`] first.

use super::net::lacks;
use super::{LayerSpec, Net};
use crate::{EngineError, Result};
use candle_core::{Device, Tensor, Var};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::Value;
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// The metadata entry with the layers.
const LAYERS: &str = "candlewick.layers";

impl Net {
    /// Writes the net's layers, parameters and buffers. The file appears whole or not at all.
    ///
    /// # Errors
    /// A net without parameters yet, or [`EngineError::File`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let file = self.to_bytes(path.as_ref())?;
        write_whole(path.as_ref(), &file).map_err(|source| EngineError::file(path.as_ref(), source))
    }

    /// The bytes of the file that [`save`](Self::save) writes; `place` names them in errors.
    ///
    /// # Errors
    /// A net without parameters yet.
    pub fn to_bytes(&self, place: impl AsRef<Path>) -> Result<Vec<u8>> {
        if !self.is_drawn() {
            return Err(EngineError::Value("this net has no parameters yet, so there is nothing to save".to_owned()));
        }
        let format =
            |reason: &dyn std::fmt::Display| wrong(place.as_ref(), format!("the net cannot be written: {reason}"));
        let layers = serde_json::to_string(self.layers()).map_err(|reason| format(&reason))?;
        let named = [self.parameters(), self.buffers()].concat();
        let bytes = named.iter().map(|(_, var)| bytes(var)).collect::<Result<Vec<_>>>()?;
        let mut views = Vec::with_capacity(named.len());
        for ((name, var), bytes) in named.iter().zip(&bytes) {
            let view = TensorView::new(Dtype::F32, var.dims().to_vec(), bytes).map_err(|reason| format(&reason))?;
            views.push((name.as_str(), view));
        }
        let metadata = HashMap::from([(LAYERS.to_owned(), layers)]);
        safetensors::serialize(views, Some(metadata)).map_err(|reason| format(&reason))
    }

    /// Reads a net that [`save`](Self::save) wrote; it predicts the same to the last bit on the same kind of device.
    ///
    /// # Errors
    /// [`EngineError::File`], or [`EngineError::Format`] for a file that is truncated or not a saved net.
    pub fn load(path: impl AsRef<Path>, device: &Device) -> Result<Self> {
        let path = path.as_ref();
        let file = std::fs::read(path).map_err(|source| EngineError::file(path, source))?;
        Self::from_bytes(path, &file, device)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) made; `place` names the bytes in errors.
    ///
    /// # Errors
    /// [`EngineError::Format`] for bytes that are truncated or not a saved net, or a net with a module of the user's own.
    pub fn from_bytes(place: impl AsRef<Path>, file: &[u8], device: &Device) -> Result<Self> {
        let saved = Saved::read(place.as_ref(), file)?;
        if let Some(name) = own_name(&saved.layers) {
            let how = format!(
                "make that net as it was made, then read its parameters: net.load_parameters({:?})",
                saved.path
            );
            return Err(saved.wrong(format!("holds a net with the module {name}, which is not built in: {how}")));
        }
        let specs: Vec<LayerSpec> = serde_json::from_value(saved.layers.clone())
            .map_err(|reason| saved.wrong(format!("describes layers that this version does not know: {reason}")))?;
        let net = Self::sequential(specs).map_err(|reason| saved.wrong(reason.to_string()))?;
        saved.fill(&net, device)?;
        Ok(net)
    }

    /// Reads the parameters and buffers that [`save`](Self::save) wrote of a net with the same layers, a module of the
    /// user's own among them, which goes by its name. Onto the net's device, or the CPU when nothing was drawn yet.
    ///
    /// # Errors
    /// As [`load`](Self::load); a file of other layers, or a net that a run is training. The net stays as it was.
    pub fn load_parameters(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        if let Some(run) = self.owner() {
            let how = "end that run with run.stop(), or read into a copy";
            return Err(EngineError::Busy(format!("this net is being trained by run {run}; {how}")));
        }
        let file = std::fs::read(path).map_err(|source| EngineError::file(path, source))?;
        let saved = Saved::read(path, &file)?;
        let own = serde_json::to_value(self.layers()).map_err(|reason| saved.wrong(reason.to_string()))?;
        if own != saved.layers {
            return Err(saved.wrong(format!("holds a net of the layers {}, but this one has {own}", saved.layers)));
        }
        let read = self.blank();
        saved.fill(&read, &self.device().unwrap_or(Device::Cpu))?;
        self.take(&read);
        Ok(())
    }
}

/// A file that was read.
struct Saved<'a> {
    path: &'a Path,
    layers: Value,
    tensors: SafeTensors<'a>,
}

impl<'a> Saved<'a> {
    fn read(path: &'a Path, file: &'a [u8]) -> Result<Self> {
        let broken = |reason| wrong(path, format!("is not a whole safetensors file: {reason}"));
        let (_, metadata) = SafeTensors::read_metadata(file).map_err(broken)?;
        let tensors = SafeTensors::deserialize(file).map_err(broken)?;
        let layers = metadata.metadata().as_ref().and_then(|entries| entries.get(LAYERS));
        let layers = layers.ok_or_else(|| {
            wrong(path, format!("is a safetensors file without \"{LAYERS}\" in its metadata, so not a net saved here"))
        })?;
        let layers = serde_json::from_str(layers)
            .map_err(|reason| wrong(path, format!("describes layers that this version does not know: {reason}")))?;
        Ok(Self { path, layers, tensors })
    }

    fn fill(&self, net: &Net, device: &Device) -> Result<()> {
        let mut taken = 0;
        net.fill(device, &mut |slot, name| {
            let view = self.tensors.tensor(name).map_err(|_| self.wrong(lacks(slot, name).to_string()))?;
            if view.dtype() != Dtype::F32 || view.shape() != slot.shape {
                let found = format!("{:?} of shape {:?}", view.dtype(), view.shape());
                return Err(self.wrong(format!("{name} is {found}, not F32 of shape {:?}", slot.shape)));
            }
            taken += 1;
            let numbers: Vec<f32> =
                view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            Ok(Var::from_vec(numbers, slot.shape.as_slice(), device)?)
        })?;
        if taken != self.tensors.len() {
            return Err(self.wrong(format!("holds {} tensors, but its layers have {taken}", self.tensors.len())));
        }
        Ok(())
    }

    fn wrong(&self, message: String) -> EngineError {
        wrong(self.path, message)
    }
}

/// The name of a module of the user's own among layers in a file.
fn own_name(layers: &Value) -> Option<&str> {
    layers.as_array()?.iter().find_map(|layer| match layer["kind"].as_str() {
        Some("own") => layer["name"].as_str(),
        _ => own_name(&layer["layers"]),
    })
}

fn bytes(tensor: &Tensor) -> Result<Vec<u8>> {
    let numbers = tensor.detach().flatten_all()?.to_vec1::<f32>()?;
    Ok(numbers.into_iter().flat_map(f32::to_le_bytes).collect())
}

/// Writes beside the target, then renames, so that a crash leaves the old file or the new one.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let name = path.file_name().ok_or_else(|| std::io::Error::other("this path names no file"))?;
    let beside = path.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    });
    if written.is_err() {
        // The first error is the one to report; a leftover beside it does no harm.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

fn wrong(path: &Path, message: String) -> EngineError {
    EngineError::Format { path: path.display().to_string(), message }
}
