//! Which value holds in which epoch, and what is refused.

use super::*;
use serde_json::json;

fn configured(config: Value) -> Result<Accumulation, String> {
    let mut plugin = Accumulation::new();
    plugin.configure(config.as_object().unwrap()).map_err(|error| error.to_string())?;
    Ok(plugin)
}

#[test]
fn values_by_epoch() {
    let check = |config: Value, expect: &[usize]| {
        let mut plugin = configured(config.clone()).unwrap();
        let value = |epoch: usize| {
            let mut ctx = Context::default();
            ctx.driver().facts.epoch = epoch;
            plugin.start_epoch(&mut ctx).unwrap();
            ctx.working.accumulate
        };
        assert_eq!((0..expect.len()).map(value).collect::<Vec<_>>(), expect, "{config}");
    };
    check(json!({ "end_epoch": 4, "end_value": 9 }), &[1, 3, 5, 7, 9, 9]);
    check(json!({ "begin_epoch": 1, "end_epoch": 4, "end_value": 8, "curve": "log" }), &[1, 1, 2, 4, 8, 8]);
    check(json!({ "begin_epoch": 1, "end_epoch": 3, "begin_value": 6, "end_value": 2 }), &[6, 6, 4, 2, 2]);
    check(json!({ "begin_epoch": 2, "end_epoch": 2, "begin_value": 1, "end_value": 4 }), &[1, 1, 4, 4]);
    check(json!({ "end_epoch": 0, "end_value": 4 }), &[4, 4]);
}

#[test]
fn what_cannot_be_is_refused_when_it_is_set() {
    let check = |config: Value, expect: &str| {
        let error = configured(config.clone()).err().unwrap_or_default();
        assert!(error.contains(expect), "{config}: {error}");
    };
    check(json!({ "curve": "cosine" }), "expected `linear` or `log`");
    check(json!({ "begin_epoch": 5, "end_epoch": 4 }), "it cannot come before begin_epoch, which is 5");
    check(json!({ "begin_value": 0 }), "begin_value is 0; one optimizer step takes 1 batch or more");
    check(json!({ "end_value": -1 }), "setting `end_value` cannot be -1");
}
