//! Questions to the user: who is asked, which reply counts, and what ends a question.

use crate::toy::start;
use bytes::Bytes;
use candlewick_jupyter::front_end::FrontEnd;
use candlewick_jupyter::{Channel, StreamName};
use serde_json::{Map, json};

async fn run(front_end: &mut FrontEnd, code: &str) -> String {
    let content = json!({"code": code, "allow_stdin": true});
    front_end.send(Channel::Shell, "execute_request", content).await.unwrap()
}

const NONE: Bytes = Bytes::new();

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_prompts_are_answered_one_after_the_other() {
    let (mut front_end, _served, _) = start().await;
    let cell = run(&mut front_end, "ask name secret").await;
    let first = front_end.input_request().await.unwrap();
    assert_eq!(first.content, json!({"prompt": "name", "password": false}));
    assert_eq!((first.msg_type(), first.parent_id()), ("input_request", cell.as_str()));
    front_end.input_reply("Ada", &first.header_bytes).await.unwrap();
    let second = front_end.input_request().await.unwrap();
    assert_eq!(second.content, json!({"prompt": "secret", "password": true}));
    front_end.input_reply("1815", &NONE).await.unwrap();
    let done = front_end.collect(&cell).await.unwrap();
    assert_eq!(done.text(StreamName::Stdout), "name? Ada\nsecret? 1815\n");
    assert_eq!(done.transcript().iter().filter(|line| *line == "idle").count(), 1, "a reply has no idle of its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_right_answer_counts() {
    let (mut front_end, _served, connection) = start().await;
    let mut other = FrontEnd::connect(&connection).await.unwrap();
    let cell = run(&mut front_end, "ask a b").await;
    let first = front_end.input_request().await.unwrap();
    other.input_reply("of another client", &NONE).await.unwrap();
    other.input_reply("of another client", &first.header_bytes).await.unwrap();
    let mut forged = front_end.frames("input_reply", json!({"value": "forged"}), Map::new());
    forged[5] = Bytes::from_static(br#"{"value":"changed"}"#);
    front_end.send_frames(Channel::Stdin, forged).await.unwrap();
    front_end.send(Channel::Stdin, "kernel_info_request", json!({})).await.unwrap();
    front_end.input_reply("of another cell", &Bytes::from_static(br#"{"msg_id":"x"}"#)).await.unwrap();
    let right = front_end.frames("input_reply", json!({"value": "right"}), Map::new());
    front_end.send_frames(Channel::Stdin, right.clone()).await.unwrap();
    let second = front_end.input_request().await.unwrap();
    front_end.send_frames(Channel::Stdin, right).await.unwrap();
    front_end.input_reply("for the first", &first.header_bytes).await.unwrap();
    front_end.input_reply("right too", &second.header_bytes).await.unwrap();
    let done = front_end.collect(&cell).await.unwrap();
    assert_eq!(done.text(StreamName::Stdout), "a? right\nb? right too\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_can_not_be_asked_is_not() {
    let (mut front_end, _served, _) = start().await;
    let done = front_end.execute("ask name").await.unwrap();
    let why = done.content()["evalue"].as_str().unwrap();
    assert!(why.contains("allow_stdin"), "{why}");
    let cell = run(&mut front_end, "ask name").await;
    front_end.input_request().await.unwrap();
    front_end.send(Channel::Stdin, "input_reply", json!({"value": 7})).await.unwrap();
    let why = front_end.collect(&cell).await.unwrap().content()["evalue"].to_string();
    assert!(why.contains("without a text"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawn_question_is_not_answered_any_more() {
    let (mut front_end, _served, _) = start().await;
    let cell = run(&mut front_end, "maybe").await;
    let first = front_end.input_request().await.unwrap();
    let info = front_end.request(Channel::Control, "kernel_info_request", json!({})).await.unwrap();
    assert_eq!(info.content()["status"], "ok", "control answers while a prompt waits");
    front_end.request(Channel::Control, "interrupt_request", json!({})).await.unwrap();
    let second = front_end.input_request().await.unwrap();
    assert_eq!(second.content["prompt"], "second");
    front_end.input_reply("late", &first.header_bytes).await.unwrap();
    front_end.input_reply("in time", &second.header_bytes).await.unwrap();
    assert_eq!(front_end.collect(&cell).await.unwrap().text(StreamName::Stdout), "second? in time\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_ends_its_question() {
    let (mut front_end, _served, connection) = start().await;
    let mut other = FrontEnd::connect(&connection).await.unwrap();
    let cell = run(&mut front_end, "ask name").await;
    front_end.input_request().await.unwrap();
    drop(front_end);
    let published = other.collect_published(&cell).await.unwrap();
    let error = published.iter().find(|message| message.msg_type() == "error").unwrap();
    assert!(error.content["evalue"].as_str().unwrap().contains("has left"), "{}", error.content);
    assert_eq!(other.execute("1").await.unwrap().content()["status"], "ok");
}
