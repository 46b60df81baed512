//! Requests over real sockets: what is published, in which order, and what is replied.

use crate::toy::start;
use candlewick_jupyter::front_end::line;
use candlewick_jupyter::{Channel, StreamName};
use serde_json::{Map, Value, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cell_is_bracketed_and_answered() {
    let (mut front_end, _served, _) = start().await;
    let done = front_end.execute("1+1").await.unwrap();
    assert_eq!(done.transcript(), ["busy", "input 1", "execute_result: 1+1", "idle"]);
    assert_eq!(done.content()["status"], "ok");
    assert_eq!(done.content()["execution_count"], 1);
    assert!(done.content()["payload"].is_array() && done.content()["user_expressions"].is_object());
    assert!(done.reply.metadata["started"].is_string());
    let topic = String::from_utf8_lossy(&done.published[0].identities[0]).into_owned();
    assert!(topic.starts_with("kernel.") && topic.ends_with(".status"), "{topic}");
    let session = &done.reply.header["session"];
    assert!(done.published.iter().all(|message| message.header["session"] == *session));
    assert_eq!(done.reply.header["version"], candlewick_jupyter::PROTOCOL_VERSION);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counting_and_quiet_cells() {
    let (mut front_end, _served, _) = start().await;
    let mut check = async |content: Value, count: u64, transcript: &[&str]| {
        let done = front_end.request(Channel::Shell, "execute_request", content).await.unwrap();
        assert_eq!((done.content()["execution_count"].as_u64(), done.transcript()), (Some(count), lines(transcript)));
    };
    check(json!({"code": "a"}), 1, &["busy", "input 1", "execute_result: a", "idle"]).await;
    check(json!({"code": "b", "silent": true}), 1, &["busy", "idle"]).await;
    check(json!({"code": "fail", "silent": true}), 1, &["busy", "idle"]).await;
    check(json!({"code": "c", "store_history": false}), 1, &["busy", "input 1", "execute_result: c", "idle"]).await;
    check(json!({"code": "d"}), 2, &["busy", "input 2", "execute_result: d", "idle"]).await;
}

fn lines(lines: &[&str]) -> Vec<String> {
    lines.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outputs_are_merged_and_keep_their_order() {
    let (mut front_end, _served, _) = start().await;
    let done = front_end.execute("mix").await.unwrap();
    let expect = [
        "busy",
        "input 1",
        "stdout: ab",
        "display_data: shown",
        "update_display_data: 99",
        "stderr: c",
        "clear_output",
        "stdout: d",
        "idle",
    ];
    assert_eq!(done.transcript(), expect);
    assert_eq!(done.published[3].content["transient"]["display_id"], "d");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_is_sent_while_the_cell_runs() {
    let (mut front_end, _served, _) = start().await;
    front_end.limit = Duration::from_secs(5);
    let id = front_end.send(Channel::Shell, "execute_request", json!({"code": "print early"})).await.unwrap();
    let wait = front_end.send(Channel::Shell, "execute_request", json!({"code": "wait"})).await.unwrap();
    assert_eq!(front_end.collect(&id).await.unwrap().text(StreamName::Stdout), "early");
    front_end.request(Channel::Control, "interrupt_request", json!({})).await.unwrap();
    front_end.collect(&wait).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_lines_are_all_there() {
    let (mut front_end, _served, _) = start().await;
    let done = front_end.execute("lines 100000").await.unwrap();
    let text = done.text(StreamName::Stdout);
    assert!(text.lines().enumerate().all(|(n, line)| line == n.to_string()));
    assert_eq!(text.lines().count(), 100_000);
    assert_eq!(done.transcript().last().unwrap(), "idle");
    assert!(done.published.len() < 500, "{} messages", done.published.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_aborts_the_cells_that_wait() {
    let (mut front_end, _served, _) = start().await;
    let mut ids = Vec::new();
    for content in [json!({"code": "late why"}), json!({"code": "2"}), json!({"code": "3"})] {
        ids.push(front_end.send(Channel::Shell, "execute_request", content).await.unwrap());
    }
    let info = front_end.send(Channel::Shell, "kernel_info_request", json!({})).await.unwrap();
    let failed = front_end.collect(&ids[0]).await.unwrap();
    assert_eq!(failed.transcript(), ["busy", "input 1", "error Failed: why", "idle"]);
    assert_eq!((&failed.content()["status"], &failed.content()["ename"]), (&json!("error"), &json!("Failed")));
    for id in &ids[1..] {
        let aborted = front_end.collect(id).await.unwrap();
        assert_eq!(aborted.content()["status"], "aborted");
        assert_eq!(aborted.transcript(), ["busy", "idle"]);
    }
    assert_eq!(front_end.collect(&info).await.unwrap().content()["status"], "ok");
    assert_eq!(front_end.execute("4").await.unwrap().content()["status"], "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_that_may_pass_aborts_nothing() {
    let (mut front_end, _served, _) = start().await;
    let content = json!({"code": "fail", "stop_on_error": false});
    let first = front_end.send(Channel::Shell, "execute_request", content).await.unwrap();
    let second = front_end.send(Channel::Shell, "execute_request", json!({"code": "2"})).await.unwrap();
    assert_eq!(front_end.collect(&first).await.unwrap().content()["status"], "error");
    assert_eq!(front_end.collect(&second).await.unwrap().content()["status"], "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_has_its_reply() {
    let (mut front_end, _served, _) = start().await;
    for channel in [Channel::Shell, Channel::Control] {
        for (request, key) in [
            ("kernel_info_request", "protocol_version"),
            ("complete_request", "matches"),
            ("inspect_request", "found"),
            ("is_complete_request", "status"),
            ("history_request", "history"),
            ("comm_info_request", "comms"),
            ("interrupt_request", "status"),
        ] {
            let done = front_end.request(channel, request, json!({})).await.unwrap();
            assert_eq!(done.transcript(), ["busy", "idle"]);
            assert_eq!(done.reply.msg_type(), request.replace("_request", "_reply"));
            assert!(!done.content()[key].is_null(), "{request}: {}", done.content());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_messages_are_answered_politely() {
    let (mut front_end, _served, _) = start().await;
    let done = front_end.request(Channel::Shell, "create_subshell_request", json!({})).await.unwrap();
    assert_eq!((done.reply.msg_type(), &done.content()["status"]), ("create_subshell_reply", &json!("error")));
    let on_control = front_end.request(Channel::Control, "execute_request", json!({"code": "1"})).await.unwrap();
    assert_eq!(on_control.content()["status"], "error");
    let open = front_end.send(Channel::Shell, "comm_open", json!({"comm_id": "c", "target_name": "t"})).await.unwrap();
    let published = front_end.collect_published(&open).await.unwrap();
    assert_eq!(published.iter().map(line).collect::<Vec<_>>(), ["busy", "comm_close", "idle"]);
    assert_eq!(published[1].content["comm_id"], "c");
    let message = front_end.send(Channel::Shell, "comm_msg", json!({"comm_id": "c"})).await.unwrap();
    assert_eq!(front_end.collect_published(&message).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_are_kept_whole() {
    let (mut front_end, _served, _) = start().await;
    let extra: Map<String, Value> =
        [("subshell_id".to_owned(), json!("s")), ("b".to_owned(), json!([1]))].into_iter().collect();
    let frames = front_end.frames("usage_request", json!({}), extra);
    let header: Value = serde_json::from_slice(&frames[2]).unwrap();
    front_end.send_frames(Channel::Control, frames).await.unwrap();
    let done = front_end.collect(header["msg_id"].as_str().unwrap()).await.unwrap();
    assert_eq!(Value::Object(done.reply.parent_header.clone()).to_string(), header.to_string());
    assert_eq!(done.content()["header"], header);
    assert!(done.published.iter().all(|m| m.parent_header["subshell_id"] == "s"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_parent_header_of_every_output_is_the_request_s_as_it_was_sent() {
    let (mut front_end, _served, _) = start().await;
    let header = json!({"subshell_id": null, "zz": {"b": 1, "a": [1.50, "é"]}, "aa": 18446744073709551615u64});
    let frames = front_end.frames("execute_request", json!({"code": "mix"}), header.as_object().unwrap().clone());
    let sent = frames[2].clone();
    let id = serde_json::from_slice::<Value>(&sent).unwrap()["msg_id"].as_str().unwrap().to_owned();
    front_end.send_frames(Channel::Shell, frames).await.unwrap();
    let done = front_end.collect(&id).await.unwrap();
    assert_eq!(done.published.len(), 9);
    for message in done.published.iter().chain([&done.reply]) {
        assert_eq!(Value::Object(message.parent_header.clone()).to_string(), String::from_utf8_lossy(&sent));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_an_error_of_its_cell() {
    let (mut front_end, _served, _) = start().await;
    let done = front_end.execute("panic on purpose").await.unwrap();
    assert_eq!(done.content()["ename"], "KernelError");
    assert!(done.content()["evalue"].as_str().unwrap().contains("on purpose"));
    assert_eq!(front_end.execute("1").await.unwrap().content()["status"], "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_and_heartbeat_answer_while_a_cell_blocks_its_thread() {
    let (mut front_end, _served, _) = start().await;
    let id = front_end.send(Channel::Shell, "execute_request", json!({"code": "block"})).await.unwrap();
    front_end.heartbeat().await.unwrap();
    let info = front_end.request(Channel::Control, "kernel_info_request", json!({})).await.unwrap();
    assert_eq!(info.content()["implementation"], "toy");
    front_end.request(Channel::Control, "interrupt_request", json!({})).await.unwrap();
    assert_eq!(front_end.collect(&id).await.unwrap().content()["status"], "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_ends_the_cell_and_aborts_the_rest() {
    let (mut front_end, _served, _) = start().await;
    let cell = front_end.send(Channel::Shell, "execute_request", json!({"code": "wait"})).await.unwrap();
    let next = front_end.send(Channel::Shell, "execute_request", json!({"code": "2"})).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let interrupt = front_end.request(Channel::Control, "interrupt_request", json!({})).await.unwrap();
    assert_eq!(*interrupt.content(), json!({"status": "ok"}));
    let done = front_end.collect(&cell).await.unwrap();
    assert_eq!(done.transcript(), ["busy", "input 1", "error Interrupted: the cell was interrupted", "idle"]);
    assert_eq!(front_end.collect(&next).await.unwrap().content()["status"], "aborted");
    assert_eq!(front_end.execute("3").await.unwrap().content()["status"], "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expressions_come_back_with_the_reply() {
    let (mut front_end, _served, _) = start().await;
    let content = json!({"code": "1", "user_expressions": {"z": "a", "b": "c"}});
    let done = front_end.request(Channel::Shell, "execute_request", content).await.unwrap();
    let expect = json!({"status": "ok", "data": {"text/plain": "a"}, "metadata": {}});
    assert_eq!(done.content()["user_expressions"]["z"], expect);
}
