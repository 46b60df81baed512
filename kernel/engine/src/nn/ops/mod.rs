//! The tensor operations of layers and losses, each with its own backward pass.
//!
//! On the CPU they are fused custom operations; on other devices compositions of candle's differentiable
//! operations (its fused ones cut the gradient). They must not know layers or nets. Read [`linear`] first.

pub mod activation;
pub mod batch_norm;
pub mod conv2d;
pub mod cross_entropy;
pub mod difference;
pub mod dropout;
pub mod embedding;
pub mod gemm;
pub mod host;
pub mod layer_norm;
pub mod linear;
pub mod max_pool2d;
pub mod simd;
pub mod softmax;
pub mod window;
