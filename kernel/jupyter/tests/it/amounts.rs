//! Much output: how many messages it becomes, how fast they come, how large they may be, and that none is lost.

use crate::toy::{Toy, connection, start};
use candlewick_jupyter::front_end::FrontEnd;
use candlewick_jupyter::{Channel, Server, StreamName};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stdout_and_stderr_in_turn_are_few_messages_and_whole() {
    let (mut front_end, _served, _) = start().await;
    let started = Instant::now();
    let done = front_end.execute("turns 100000").await.unwrap();
    let numbers = |first: u32| (first..100_000).step_by(2).map(|n| format!("{n}\n")).collect::<String>();
    assert!(done.text(StreamName::Stdout) == numbers(0) && done.text(StreamName::Stderr) == numbers(1));
    // Eight messages each 30 ms, and as many for each 512 KiB.
    let windows = started.elapsed().as_millis() / 30 + 5;
    assert!((done.published.len() as u128) < 8 * windows + 5, "{} messages", done.published.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn displays_in_a_loop_stay_under_the_rate_that_servers_take() {
    let (mut front_end, _served, _) = start().await;
    let cell = front_end.send(Channel::Shell, "execute_request", json!({"code": "shows 2000"})).await.unwrap();
    let (mut times, mut next) = (Vec::new(), 0);
    while next < 2000 {
        let (_, message) = front_end.next_message().await.unwrap();
        if message.parent_id() == cell && message.msg_type() == "display_data" {
            assert_eq!(message.content["data"]["text/plain"], next.to_string(), "nothing is missing");
            times.push(Instant::now());
            next += 1;
        }
    }
    // 500 at once, then one each 2 ms; what a busy machine delays comes later, not sooner, but for what was on its way.
    assert!(times[1999] - times[0] > Duration::from_millis(2_500), "{:?}", times[1999] - times[0]);
    assert_eq!(front_end.execute("1").await.unwrap().content()["status"], "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_is_answered_at_once_while_displays_are_held_back() {
    let (mut front_end, _served, _) = start().await;
    let cell = front_end.send(Channel::Shell, "execute_request", json!({"code": "shows 1500"})).await.unwrap();
    while front_end.next_message().await.unwrap().1.content["data"]["text/plain"] != "600" {}
    let (started, mut asked) = (Instant::now(), 0);
    while asked < 5 {
        let info = front_end.request(Channel::Control, "kernel_info_request", json!({})).await.unwrap();
        assert_eq!(info.transcript(), ["busy", "idle"]);
        asked += 1;
    }
    let answered = started.elapsed();
    front_end.collect(&cell).await.unwrap();
    assert!(answered < started.elapsed() / 2, "{answered:?} of {:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_too_large_is_refused_and_the_next_cell_works() {
    let (mut front_end, _served, _) = start().await;
    let done = front_end.execute("megabytes 200").await.unwrap();
    let types: Vec<_> = done.published.iter().map(candlewick_jupyter::Message::msg_type).collect();
    assert_eq!(types, ["status", "execute_input", "stream", "stream", "stream", "status"]);
    let notices = done.text(StreamName::Stderr);
    assert_eq!(notices.matches("was not sent: 128 MB is the most").count(), 3, "{notices}");
    for msg_type in ["display_data", "update_display_data", "execute_result"] {
        assert!(notices.contains(&format!("({msg_type}) of 200 MB")), "{notices}");
    }
    assert_eq!(front_end.execute("1").await.unwrap().transcript()[2], "execute_result: 1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_text_comes_in_pieces() {
    let (mut front_end, _served, _) = start().await;
    let done = front_end.execute("text 4000000").await.unwrap();
    let pieces = done.published.iter().filter(|message| message.msg_type() == "stream");
    let lengths: Vec<usize> = pieces.map(|piece| piece.content["text"].as_str().unwrap().len()).collect();
    assert_eq!(lengths.iter().sum::<usize>(), 8_000_000);
    assert!(lengths.iter().all(|length| *length <= 1 << 20), "{lengths:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_notebook_server_text_is_held_back_and_whole() {
    let server = Server::bind(&connection()).await.unwrap();
    server.hold_back_text();
    let connection = server.connection().clone();
    let _served = tokio::spawn(server.serve(Arc::new(Toy::default())));
    let mut front_end = FrontEnd::connect(&connection).await.unwrap();
    let started = Instant::now();
    let done = front_end.execute("text 1000000").await.unwrap();
    assert_eq!(done.text(StreamName::Stdout).len(), 2_000_000);
    // In four pieces: the third waits until the 1,048,576 bytes before it are 700,000 ahead at most, and so on.
    assert!(started.elapsed() > Duration::from_millis(1_000), "{:?}", started.elapsed());
}
