//! An interrupted forward pass leaves no trace and can be made again. Alone in its process, because the request is
//! one flag for all.

use candle_core::{Device, Tensor};
use candlewick_engine::nn::{LayerSpec, Mode, Net};
use candlewick_engine::{EngineError, Seed, interrupt};

#[test]
fn an_interrupted_forward_pass_can_be_repeated() {
    let layers = vec![LayerSpec::linear(3, 4), LayerSpec::batch_norm(4), LayerSpec::dropout(0.5)];
    let net = Net::sequential(layers.into_iter().map(Result::unwrap).collect()).unwrap();
    net.draw(Seed(1), &Device::Cpu).unwrap();
    let x = Tensor::new(&[[1f32, 2.0, 3.0], [3.0, 2.0, 1.0]], &Device::Cpu).unwrap();
    let forward = || net.forward(&x, Mode::Train { seed: Seed(1), step: 3 });
    let numbers = |y: Tensor| y.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let buffers = || net.buffers().into_iter().map(|(_, var)| numbers(var.as_detached_tensor())).collect::<Vec<_>>();
    let (before, expect) = (buffers(), numbers(forward().unwrap()));
    interrupt::request();
    assert!(matches!(forward(), Err(EngineError::Interrupted)));
    interrupt::clear();
    assert_eq!(buffers(), before);
    assert_eq!(numbers(forward().unwrap()), expect);
    net.commit().unwrap();
    assert_ne!(buffers(), before);
}
