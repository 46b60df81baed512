//! Nets in files.

use super::{flat, numbers};
use crate::Seed;
use crate::nn::{LayerSpec, Mode, Net};
use candle_core::Device;
use std::path::Path;

fn trained() -> Net {
    let conv = LayerSpec::Conv2d { inputs: 1, outputs: 3, kernel: 3, stride: 1, padding: 1, bias: false };
    let inner = LayerSpec::residual(vec![LayerSpec::linear(12, 12).unwrap(), LayerSpec::Tanh]).unwrap();
    let layers = vec![
        conv,
        LayerSpec::batch_norm(3).unwrap(),
        LayerSpec::max_pool2d(2).unwrap(),
        LayerSpec::Flatten,
        inner,
        LayerSpec::layer_norm(12).unwrap(),
    ];
    let net = Net::sequential(layers).unwrap();
    net.draw(Seed(3), &Device::Cpu).unwrap();
    net.forward(&numbers("x", &[5, 1, 4, 4]), Mode::Train { seed: Seed(1), step: 0 }).unwrap();
    net.commit().unwrap();
    net
}

fn load(path: &Path) -> String {
    Net::load(path, &Device::Cpu).map_or_else(|error| error.to_string(), |_| "loaded".to_owned())
}

#[test]
fn a_loaded_net_predicts_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let (net, path) = (trained(), folder.path().join("net.safetensors"));
    net.save(&path).unwrap();
    net.save(&path).unwrap();
    let loaded = Net::load(&path, &Device::Cpu).unwrap();
    let x = numbers("new x", &[7, 1, 4, 4]);
    let bits = |net: &Net| flat(&net.predict(&x).unwrap()).into_iter().map(f32::to_bits).collect::<Vec<u32>>();
    assert_eq!(bits(&loaded), bits(&net));
    assert_eq!(loaded.layers(), net.layers());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the file");
}

#[test]
fn files_that_are_no_nets_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    assert!(load(&path).contains("net.safetensors"), "{}", load(&path));
    trained().save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let check = |bytes: &[u8], expect: &str| {
        std::fs::write(&path, bytes).unwrap();
        assert!(load(&path).contains(expect), "{}", load(&path));
    };
    check(&whole[..whole.len() - 1], "is not a whole safetensors file");
    check(&whole[..20], "is not a whole safetensors file");
    check(b"", "is not a whole safetensors file");
    check(b"not a net at all", "is not a whole safetensors file");
    let replaced = |from: &str, to: &str| {
        let mut bytes = whole.clone();
        let at = bytes.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
        bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    check(&replaced("candlewick.layers", "somebodys.layers."), "so not a net saved here");
    check(&replaced("layer_norm", "layer_form"), "describes layers that this version does not know");
    check(&replaced("\"0.weight\"", "\"9.weight\""), "parameter 0.weight of shape [3, 1, 3, 3] is missing");
    check(&replaced("[3,1,3,3]", "[3,3,1,3]"), "0.weight is F32 of shape [3, 3, 1, 3], not F32 of shape [3, 1, 3, 3]");
    check(&whole, "loaded");
}

#[test]
fn what_cannot_be_saved() {
    let undrawn = Net::sequential(vec![LayerSpec::Relu]).unwrap();
    let message = undrawn.save("/nowhere/net").unwrap_err().to_string();
    assert!(message.contains("nothing to save"), "{message}");
    let message = trained().save("/nowhere/net.safetensors").unwrap_err().to_string();
    assert!(message.starts_with("/nowhere/net.safetensors: "), "{message}");
}
