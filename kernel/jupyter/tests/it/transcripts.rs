//! The front end in transcript style: it takes what is asserted, and nothing else.

use crate::toy::start;
use candlewick_jupyter::front_end::FrontEnd;
use candlewick_jupyter::{Channel, JupyterError, StreamName};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_is_asserted_in_order() -> Result<(), JupyterError> {
    let (mut front_end, _served, _) = start().await;
    let mut cell = front_end.cell("mix").await?;
    cell.shows("input 1").await?;
    cell.prints(StreamName::Stdout, "ab").await?;
    let shown = cell.shows("display_data: shown").await?;
    assert_eq!(shown.content["transient"]["display_id"], "d");
    cell.shows("update_display_data: 99").await?;
    cell.prints(StreamName::Stderr, "c").await?;
    cell.shows("clear_output").await?;
    cell.prints(StreamName::Stdout, "d").await?;
    assert_eq!(cell.ends().await?.content["status"], "ok");
    let info = front_end.ask(Channel::Control, "kernel_info_request", json!({})).await?;
    assert_eq!(info.ends().await?.content["implementation"], "toy");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_asserted_or_is_different_fails() {
    let (mut front_end, _served, _) = start().await;
    let mut cell = front_end.cell("print x").await.unwrap();
    cell.shows("input 1").await.unwrap();
    let error = cell.ends().await.unwrap_err();
    assert_eq!(error.to_string(), "`idle` should have come, but `stdout: x` did");
    let mut cell = front_end.cell("print xy").await.unwrap();
    cell.shows("input 2").await.unwrap();
    let error = cell.prints(StreamName::Stdout, "xz").await.unwrap_err();
    assert_eq!(error.to_string(), "`stdout: xz` should have come, but `stdout: xy` did");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_that_is_said_again_is_passed_over() -> Result<(), JupyterError> {
    let (mut front_end, _served, connection) = start().await;
    let mut other = FrontEnd::connect(&connection).await?;
    let mut cell = front_end.cell("wait").await?;
    cell.shows("input 1").await?;
    other.ask(Channel::Control, "kernel_info_request", json!({})).await?.ends().await?;
    other.ask(Channel::Control, "interrupt_request", json!({})).await?.ends().await?;
    cell.shows("error Interrupted: the cell was interrupted").await?;
    assert_eq!(cell.ends().await?.content["status"], "error");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_answered_beside_cells_waits_for_none() -> Result<(), JupyterError> {
    let (mut front_end, _served, connection) = start().await;
    let mut other = FrontEnd::connect(&connection).await?;
    let mut cell = front_end.cell("wait").await?;
    cell.shows("input 1").await?;
    let asked = json!({"code": "beside", "cursor_pos": 6});
    let reply = other.ask(Channel::Shell, "complete_request", asked).await?.ends().await?;
    assert_eq!(reply.content["matches"], json!(["print"]));
    // One that panics in saying so has its turn like any other.
    let panics = other.send(Channel::Shell, "complete_request", json!({"code": "panic", "cursor_pos": 1})).await?;
    other.ask(Channel::Control, "interrupt_request", json!({})).await?.ends().await?;
    cell.shows("error Interrupted: the cell was interrupted").await?;
    assert_eq!(cell.ends().await?.content["status"], "error");
    loop {
        let (channel, message) = other.next_message().await?;
        if channel == Channel::Shell && message.parent_id() == panics {
            assert_eq!(message.content["status"], "ok");
            return Ok(());
        }
    }
}
