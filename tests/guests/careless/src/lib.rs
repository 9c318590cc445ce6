//! A handler that pays for an order, in one right way and several wrong ones. Undisturbed they all end well: only a crash at the
//! wrong moment tells them apart, which is what `mpy6a plugin test` is for.
//!
//! Record 0 is the order. The setting `way` names the way, `shop` the base URL.
#![cfg(target_arch = "wasm32")]

use mpy6a_handler::{Failure, Repeat, http, settings};
use wasip2::{clocks::wall_clock, random::random};

mpy6a_handler::export!(handle);

fn handle(repeat: Repeat) -> Result<(), Failure> {
    match settings::require("way")?.as_str() {
        "careful" => careful(&repeat),
        "without-a-step" => without_a_step(&repeat),
        "noted-too-early" => noted_too_early(&repeat),
        "another-body" => another_body(&repeat),
        "random-body" => pay_with(&repeat, random::get_random_bytes(16)),
        "clock-in-the-body" => pay_with(&repeat, now()),
        "clock-without-a-step" => clock_without_a_step(&repeat),
        "clock-in-the-name" => pay_under(&repeat, &now()),
        "recorded-name" => pay_under(&repeat, &recorded_now(&repeat)?),
        "late" => late(&repeat),
        "recorded-clock" => pay_with(&repeat, recorded_now(&repeat)?),
        "piling-up" => piling_up(&repeat),
        "only-once" => only_once(&repeat),
        "out-of-order" => out_of_order(&repeat),
        way => Err(Failure::permanent(format!("no such way: {way}"))),
    }
}

fn pay() -> Result<http::Request, Failure> {
    Ok(http::post(format!("{}/pay", settings::require("shop")?)))
}

/// The shop can tell a repeat by its step.
fn careful(repeat: &Repeat) -> Result<(), Failure> {
    pay()?.body(order(repeat)).step("pay").send()?.expect_success()?;
    Ok(repeat.delete()?)
}

/// The shop cannot, and is paid twice.
fn without_a_step(repeat: &Repeat) -> Result<(), Failure> {
    pay()?.body(order(repeat)).send()?.expect_success()?;
    Ok(repeat.delete()?)
}

/// What is noted before the request is durable before it leaves: after a crash in between, nobody pays.
fn noted_too_early(repeat: &Repeat) -> Result<(), Failure> {
    if repeat.records().len() == 1 {
        repeat.append("paid")?;
        pay()?.body(order(repeat)).step("pay").send()?.expect_success()?;
    }
    Ok(repeat.delete()?)
}

/// The fence is another one in every repeat, and so the body is.
fn another_body(repeat: &Repeat) -> Result<(), Failure> {
    pay()?.body(repeat.fence()).step("pay").send()?.expect_success()?;
    Ok(repeat.delete()?)
}

/// Whatever the body is made of, it is another one in every repeat.
fn pay_with(repeat: &Repeat, body: Vec<u8>) -> Result<(), Failure> {
    pay()?.body(body).step("pay").send()?.expect_success()?;
    Ok(repeat.delete()?)
}

/// A PUT that was made already does no harm, if it is the same.
fn clock_without_a_step(repeat: &Repeat) -> Result<(), Failure> {
    http::put(format!("{}/reserve", settings::require("shop")?)).body(now()).send()?.expect_success()?;
    Ok(repeat.delete()?)
}

/// A payment by the name of its time is another one in every repeat, but for a time that is recorded.
fn pay_under(repeat: &Repeat, time: &[u8]) -> Result<(), Failure> {
    let time = String::from_utf8_lossy(time);
    http::put(format!("{}/payments/{time}", settings::require("shop")?)).send()?.expect_success()?;
    Ok(repeat.delete()?)
}

/// Past a time it cancels in place of paying.
fn late(repeat: &Repeat) -> Result<(), Failure> {
    let deadline: u64 = settings::require("deadline")?.parse().map_err(|_| Failure::permanent("no time"))?;
    let (what, step) = if wall_clock::now().seconds < deadline { ("paid", "pay") } else { ("cancelled", "cancel") };
    http::put(format!("{}/payments/{what}", settings::require("shop")?)).step(step).send()?.expect_success()?;
    Ok(repeat.delete()?)
}

/// The time of the first run is recorded, and every repeat takes that.
fn recorded_now(repeat: &Repeat) -> Result<Vec<u8>, Failure> {
    if let Some(time) = repeat.records().get(1) {
        return Ok(time.to_vec());
    }
    let time = now();
    repeat.append(&time)?;
    Ok(time)
}

fn now() -> Vec<u8> {
    let now = wall_clock::now();
    format!("{}.{:09}", now.seconds, now.nanoseconds).into_bytes()
}

/// Each repeat adds a record, also to those of repeats that came to nothing.
fn piling_up(repeat: &Repeat) -> Result<(), Failure> {
    repeat.append("tried")?;
    pay()?.body(order(repeat)).step("pay").send()?.expect_success()?;
    Ok(repeat.store(None)?)
}

/// A repeat is taken for proof that the first run did its work.
fn only_once(repeat: &Repeat) -> Result<(), Failure> {
    if repeat.repeat() == 1 {
        pay()?.body(order(repeat)).step("pay").send()?.expect_success()?;
    }
    Ok(repeat.delete()?)
}

/// Undisturbed, it reserves before it pays. A repeat thinks that it reserved.
fn out_of_order(repeat: &Repeat) -> Result<(), Failure> {
    if repeat.repeat() == 1 {
        http::put(format!("{}/reserve", settings::require("shop")?)).step("reserve").send()?.expect_success()?;
    }
    careful(repeat)
}

fn order(repeat: &Repeat) -> Vec<u8> {
    repeat.records().first().map(|order| order.to_vec()).unwrap_or_default()
}
