//! Cancels an order of which a service recorded that it would be cancelled.
//!
//! A session's first record is `{"order":7}`. The shop's address is the setting `shop`. The step `cancel` makes the request
//! carry the same `Idempotency-Key` in every repeat, so a shop that keeps it cancels once.

use mpy6a_handler::{Failure, Repeat, http, info, settings};

#[derive(serde::Deserialize)]
struct Intent {
    order: u64,
}

fn handle(repeat: Repeat) -> Result<(), Failure> {
    let Intent { order } = repeat.record(0)?;
    let url = format!("{}/orders/{order}/cancel", settings::require("shop")?);
    http::post(url).step("cancel").send()?.expect_success()?;
    info!("cancelled order {order}");
    repeat.delete()?;
    Ok(())
}

mpy6a_handler::export!(handle);

#[cfg(test)]
mod tests {
    use mpy6a_handler::testing::{Ended, Operation, Scene};

    use super::*;

    fn run(status: u16) -> Ended {
        Scene::new()
            .record(r#"{"order":7}"#)
            .setting("shop", "http://shop.test")
            .http(move |_| Ok(http::Response::new(status, "")))
            .run(handle)
    }

    #[test]
    fn an_order_is_cancelled_and_its_session_forgotten() {
        let ended = run(204);
        assert_eq!(ended.result, Ok(()));
        assert_eq!(ended.operations, [Operation::Delete]);
        assert_eq!(ended.requests[0].url, "http://shop.test/orders/7/cancel");
        assert_eq!(ended.requests[0].step.as_deref(), Some("cancel"));
    }

    #[test]
    fn a_shop_that_is_down_is_asked_again_later() {
        let ended = run(503);
        assert!(matches!(ended.result, Err(Failure::Retry(_))), "{:?}", ended.result);
        assert_eq!(ended.operations, []);
    }
}
