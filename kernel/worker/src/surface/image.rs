//! Images as values: tensors `[height, width, channels]` of f32 from 0 to 1, from files and to them, and changed as a whole.
//!
//! Must not know datasets or plugins. Read [`BUILTINS`] first.

use super::arguments::{Answer, count, count_from, fault, number};
use super::{Builtin, Kind};
use candle_core::Tensor;
use candlewick_engine::data::image;
use rhai::{Dynamic, INT};

const TENSOR: &str = "tensor";

macro_rules! method {
    ($name:literal, $signature:literal, $doc:literal, $example:literal, $call:expr) => {
        Builtin::new(Kind::Method(TENSOR), $name, $signature, $doc, $example, |engine, _| {
            engine.register_fn($name, $call);
        })
    };
}

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Function,
        "read_image",
        "read_image(path) -> tensor",
        "a png or jpeg file as a tensor [height, width, channels] from 0 to 1, with 1 channel (grey) or 3",
        "let photo = read_image(\"cats/1.png\");",
        |engine, _| {
            engine.register_fn("read_image", |path: &str| image::read(path).map_err(fault));
        },
    ),
    Builtin::new(
        Kind::Function,
        "save_image",
        "save_image(image, path)",
        "writes a tensor [height, width, channels] from 0 to 1 to a png or jpeg file",
        "save_image(read_image(\"cats/1.png\").grayscale(), \"grey.png\");",
        |engine, _| {
            engine.register_fn("save_image", |image: Tensor, path: &str| image::write(&image, path).map_err(fault));
        },
    ),
    method!(
        "crop",
        "crop(x, y, width, height) -> tensor",
        "the part of an image whose upper left corner is at column x, row y",
        "fn transform_image(image, ctx) { image.crop(ctx.random(4), ctx.random(4), 28, 28) }",
        |image: &mut Tensor, x: Dynamic, y: Dynamic, width: Dynamic, height: Dynamic| -> Answer<Tensor> {
            let (x, y) = (count("crop", &x)?, count("crop", &y)?);
            image::crop(image, x, y, count_from("crop", &width, 1)?, count_from("crop", &height, 1)?).map_err(fault)
        }
    ),
    method!(
        "resize",
        "resize(width, height) -> tensor",
        "an image in another size, by linear interpolation",
        "fn transform_image(image) { image.resize(36, 36).crop(2, 2, 32, 32) }",
        |image: &mut Tensor, width: Dynamic, height: Dynamic| -> Answer<Tensor> {
            image::resize(image, count_from("resize", &width, 1)?, count_from("resize", &height, 1)?).map_err(fault)
        }
    ),
    method!(
        "flip_horizontal",
        "flip_horizontal() -> tensor",
        "an image with left and right changed about",
        "fn transform_image(image, ctx) { if ctx.chance(0.5) { image.flip_horizontal() } else { image } }",
        |image: &mut Tensor| image::flip_horizontal(image).map_err(fault)
    ),
    method!(
        "flip_vertical",
        "flip_vertical() -> tensor",
        "an image with above and below changed about",
        "fn transform_image(image) { image.flip_vertical() }",
        |image: &mut Tensor| image::flip_vertical(image).map_err(fault)
    ),
    method!(
        "rotate90",
        "rotate90(quarters) -> tensor",
        "an image turned clockwise by so many quarters",
        "fn transform_image(image, ctx) { image.rotate90(ctx.random(4)) }",
        |image: &mut Tensor, quarters: INT| image::rotate90(image, quarters).map_err(fault)
    ),
    method!(
        "brightness",
        "brightness(factor) -> tensor",
        "an image's values times a factor, kept from 0 to 1",
        "fn transform_image(image, ctx) { image.brightness(ctx.random(0.8, 1.2)) }",
        |image: &mut Tensor, factor: Dynamic| -> Answer<Tensor> {
            image::brightness(image, number("brightness", &factor)?).map_err(fault)
        }
    ),
    method!(
        "contrast",
        "contrast(factor) -> tensor",
        "the distance of an image's values from their mean times a factor, kept from 0 to 1",
        "fn transform_image(image, ctx) { image.contrast(ctx.random(0.8, 1.2)) }",
        |image: &mut Tensor, factor: Dynamic| -> Answer<Tensor> {
            image::contrast(image, number("contrast", &factor)?).map_err(fault)
        }
    ),
    method!(
        "grayscale",
        "grayscale() -> tensor",
        "an image without colours, with as many channels as before",
        "fn transform_image(image) { image.grayscale() }",
        |image: &mut Tensor| image::grayscale(image).map_err(fault)
    ),
];
